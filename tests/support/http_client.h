#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "base/fd.h"

namespace headrace::testing_support {

struct HttpAnswer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;

  // The field's value, empty if there is none. Names are compared as they are written by the
  // service.
  [[nodiscard]] std::string Field(std::string_view name) const;
};

// One raw connection to a port of this machine. Speaks as much HTTP/1.1 as the tests need: answers
// with Content-Length. Not thread-safe.
class HttpClient {
 public:
  // With a receive buffer (bytes), the kernel holds that much of an answer that is not read, no
  // more.
  explicit HttpClient(std::uint16_t port, int receive_buffer = 0);

  [[nodiscard]] bool connected() const { return static_cast<bool>(socket_); }
  bool Send(std::string_view bytes);
  // The next answer; nothing if the connection ended or the deadline passed before it was complete.
  std::optional<HttpAnswer> Read(Deadline deadline);
  // What comes, as it comes, up to and with the last byte of this text; nothing if the connection
  // ended or the deadline passed before.
  std::optional<std::string> ReadUntil(std::string_view text, Deadline deadline);
  // All that comes until the service ends the connection; nothing if it does not by the deadline.
  std::optional<std::string> ReadToEnd(Deadline deadline);
  // Ends the connection with a FIN.
  void Close() { socket_.reset(); }
  // Ends it with a RST.
  void Reset();
  // Says that nothing more will be sent; reads on.
  void HalfClose();

 private:
  bool ReadMore(Deadline deadline);

  UniqueFd socket_;
  std::string buffer_;
};

// A request's text. `fields` are header lines, each with its CR LF.
std::string MakeRequest(std::string_view method, std::string_view target,
                        std::string_view body = {}, std::string_view fields = {});

// One request on a connection of its own; status 0 if there was no answer within 60 s.
HttpAnswer Ask(std::uint16_t port, std::string_view request);

}  // namespace headrace::testing_support
