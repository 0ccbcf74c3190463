#include "app/health_probe.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "base/fd.h"
#include "http/edge/http_options.h"

namespace headrace {
namespace {

constexpr std::size_t kMaxAnswer = 65'536;  // bytes

Error Failed(std::string text) {
  return Error{ErrorCode::kUnavailable, "probe", std::move(text), "", 0};
}

Error FailedBy(const char* what, int error) {
  return Failed(fmt::format("{}: {}", what, std::generic_category().message(error)));
}

// True when the socket is ready for `events`.
bool Await(int socket, short events, Deadline deadline) {
  pollfd entry{socket, events, 0};
  return ::poll(&entry, 1, deadline.PollTimeout()) == 1;
}

std::string Loopback(const std::string& host) {
  if (host == "0.0.0.0" || host == "*") return "127.0.0.1";
  return host == "::" ? "::1" : host;
}

Expected<UniqueFd> Connect(const ListenAddress& address, Deadline deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  const int looked = ::getaddrinfo(Loopback(address.host).c_str(), port.c_str(), &hints, &found);
  if (looked != 0) return Failed(fmt::format("{}: {}", address.host, ::gai_strerror(looked)));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  UniqueFd socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return FailedBy("socket", errno);
  if (::connect(socket.get(), found->ai_addr, found->ai_addrlen) == 0) return socket;
  if (errno != EINPROGRESS) return FailedBy("cannot connect", errno);
  if (!Await(socket.get(), POLLOUT, deadline)) return Failed("cannot connect in time");
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return FailedBy("cannot connect", error);
  return socket;
}

// Everything that comes until the other side closes.
Expected<std::string> ReadAll(int socket, Deadline deadline) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (text.size() < kMaxAnswer) {
    if (!Await(socket, POLLIN, deadline)) return Failed("no answer in time");
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (got < 0) return FailedBy("no answer", errno);
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace

Expected<std::string> ProbeHealth(const std::string& listen, const std::string& path,
                                  Deadline deadline) {
  const auto address = ParseListenAddress(listen);
  if (!address) return address.error();
  auto socket = Connect(*address, deadline);
  if (!socket) return std::move(socket).error();
  const std::string request =
      fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", path, listen);
  const ssize_t sent = ::send(socket->get(), request.data(), request.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size())) return FailedBy("cannot ask", errno);
  auto answer = ReadAll(socket->get(), deadline);
  if (!answer) return std::move(answer).error();
  const auto head_end = answer->find("\r\n\r\n");
  std::string body = head_end == std::string::npos ? "" : answer->substr(head_end + 4);
  if (answer->compare(0, 13, "HTTP/1.1 200 ") == 0) return body;
  return Failed(fmt::format("{}: {}", answer->substr(0, answer->find('\r')), body));
}

}  // namespace headrace
