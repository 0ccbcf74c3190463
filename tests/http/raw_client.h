#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace headrace {

// What came back for one request.
struct RawAnswer {
  int status = 0;
  std::map<std::string, std::string> fields;  // names in lower case
  std::string body;

  [[nodiscard]] std::string Field(const std::string& name) const;
};

// A client that says exactly what a test wants, byte by byte. Blocks, for at most ten seconds. Not
// thread-safe.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);

  bool Send(std::string_view bytes);  // false: the connection is gone
  // Whether something has come, or the connection's end; waits for it for so long at most.
  [[nodiscard]] bool Comes(std::chrono::milliseconds within);
  // The next answer; nothing if the connection ends or the time is over first.
  std::optional<RawAnswer> Read(bool head_only = false);
  // What comes next, as it comes; empty if the connection ends first.
  std::string ReadSome();
  // All that comes until the connection ends; nothing if it does not end in time.
  std::optional<std::string> ReadToEnd();
  [[nodiscard]] bool AtEnd();  // the server has ended the connection, and nothing is left to read

  void HalfClose();
  void Close();
  void Reset();  // with an RST

 private:
  bool Fill();

  UniqueFd fd_;
  std::string buffer_;
};

std::string GetRequest(std::string_view target, std::string_view fields = "");
std::string PostRequest(std::string_view target, std::string_view body,
                        std::string_view fields = "");
// The head alone, announcing a body of that length.
std::string PostHead(std::string_view target, std::uint64_t length, std::string_view fields = "");

}  // namespace headrace
