#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "base/fd.h"
#include "base/sync.h"

namespace headrace::testing_support {

// A request as it came.
struct ServedRequest {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;

  // The field's value, empty if there is none; names are compared without regard to case.
  [[nodiscard]] std::string Field(std::string_view name) const;
};

// The server's end of one connection; used by its script only.
class ServerConnection {
 public:
  ServerConnection(UniqueFd socket, int number) : socket_(std::move(socket)), number_(number) {}

  // The next request; nothing if the client ended the connection.
  std::optional<ServedRequest> ReadRequest();
  // The same without its body.
  std::optional<ServedRequest> ReadHead();
  // Reads that many bytes away; returns how many came.
  std::size_t Discard(std::size_t bytes);
  bool Send(std::string_view bytes);
  // Reads away what comes. True once the client has ended the connection; false after 30 s, or when
  // the deadline has passed.
  bool AwaitEnd(Deadline deadline = Deadline::After(std::chrono::seconds(30)));
  // Has it end with a RST when the script ends.
  void ResetAtEnd() const;

  [[nodiscard]] int number() const { return number_; }  // from 1, in the order they came
  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  bool ReadMore();

  UniqueFd socket_;
  const int number_;
  std::string buffer_;
};

// A real HTTP/1.1 server on a free port of this machine that does to each connection what the
// script says, on a thread of the connection's own; the connection ends with the script.
class ScriptedServer {
 public:
  using Script = std::function<void(ServerConnection&)>;

  explicit ScriptedServer(Script script, bool ipv6 = false);
  ~ScriptedServer();  // ends all connections and joins
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }  // 0: there is no such address
  [[nodiscard]] std::string Url(std::string_view target = "/predict") const;
  [[nodiscard]] int connections() const;  // so far

 private:
  void Accept();

  const Script script_;
  const bool ipv6_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  mutable Mutex mu_;
  std::vector<std::unique_ptr<ServerConnection>> connections_ GUARDED_BY(mu_);
  std::vector<std::thread> threads_ GUARDED_BY(mu_);
  std::thread accepting_;
};

// A script that answers every request on a connection.
ScriptedServer::Script Answering(std::function<std::string(const ServedRequest&)> answer);

// An answer's text with its Content-Length. `fields` are header lines, each with its CR LF.
std::string AnswerText(int status, std::string_view body = {}, std::string_view fields = {});

}  // namespace headrace::testing_support
