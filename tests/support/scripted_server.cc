#include "support/scripted_server.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace headrace::testing_support {

std::string ServedRequest::Field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (key.size() == name.size() && strncasecmp(key.data(), name.data(), name.size()) == 0) {
      return value;
    }
  }
  return {};
}

bool ServerConnection::ReadMore() {
  std::array<char, 65536> chunk{};
  const ssize_t got = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
  if (got <= 0) return false;
  buffer_.append(chunk.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<ServedRequest> ServerConnection::ReadHead() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!ReadMore()) return std::nullopt;
  }
  std::string_view head(buffer_.data(), end + 2);
  ServedRequest request;
  const auto first = head.substr(0, head.find("\r\n"));
  request.method = first.substr(0, first.find(' '));
  const auto target = first.substr(request.method.size() + 1);
  request.target = target.substr(0, target.find(' '));
  head.remove_prefix(first.size() + 2);
  while (!head.empty()) {
    const auto line = head.substr(0, head.find("\r\n"));
    const auto colon = line.find(": ");
    if (colon != std::string_view::npos) {
      request.fields.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    }
    head.remove_prefix(line.size() + 2);
  }
  buffer_.erase(0, end + 4);
  return request;
}

std::optional<ServedRequest> ServerConnection::ReadRequest() {
  auto request = ReadHead();
  if (!request) return std::nullopt;
  std::size_t length = 0;
  const std::string field = request->Field("Content-Length");
  std::from_chars(field.data(), field.data() + field.size(), length);
  while (buffer_.size() < length) {
    if (!ReadMore()) return std::nullopt;
  }
  request->body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return request;
}

std::size_t ServerConnection::Discard(std::size_t bytes) {
  std::size_t done = 0;
  while (done < bytes && (!buffer_.empty() || ReadMore())) {
    const std::size_t taken = std::min(buffer_.size(), bytes - done);
    buffer_.erase(0, taken);
    done += taken;
  }
  return done;
}

bool ServerConnection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool ServerConnection::AwaitEnd(Deadline deadline) {
  std::array<char, 65536> chunk{};
  while (true) {
    pollfd entry{socket_.get(), POLLIN, 0};
    if (::poll(&entry, 1, deadline.PollTimeout()) != 1) return false;
    if (::recv(socket_.get(), chunk.data(), chunk.size(), 0) <= 0) return true;
  }
}

void ServerConnection::ResetAtEnd() const {
  const linger now{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

ScriptedServer::ScriptedServer(Script script, bool ipv6)
    : script_(std::move(script)),
      ipv6_(ipv6),
      listener_(::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_loopback;
  auto* const address = ipv6 ? reinterpret_cast<sockaddr*>(&v6) : reinterpret_cast<sockaddr*>(&v4);
  socklen_t size = ipv6 ? sizeof v6 : sizeof v4;
  if (::bind(listener_.get(), address, size) != 0 || ::listen(listener_.get(), 128) != 0) return;
  ::getsockname(listener_.get(), address, &size);
  port_ = ntohs(ipv6 ? v6.sin6_port : v4.sin_port);
  accepting_ = std::thread([this] { Accept(); });
}

ScriptedServer::~ScriptedServer() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  if (accepting_.joinable()) accepting_.join();
  std::vector<std::thread> threads;
  {
    const MutexLock lock(mu_);
    for (const auto& connection : connections_) {
      if (connection) ::shutdown(connection->fd(), SHUT_RDWR);
    }
    threads = std::move(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

void ScriptedServer::Accept() {
  while (true) {
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket) return;
    const MutexLock lock(mu_);
    const std::size_t index = connections_.size();
    connections_.push_back(
        std::make_unique<ServerConnection>(std::move(socket), static_cast<int>(index + 1)));
    threads_.emplace_back([this, index, connection = connections_.back().get()] {
      script_(*connection);
      // Out of the list first: the destructor shuts down what is in it.
      std::unique_ptr<ServerConnection> ended;
      const MutexLock ending(mu_);
      ended = std::move(connections_[index]);
    });
  }
}

std::string ScriptedServer::Url(std::string_view target) const {
  return fmt::format("http://{}:{}{}", ipv6_ ? "[::1]" : "127.0.0.1", port_, target);
}

int ScriptedServer::connections() const {
  const MutexLock lock(mu_);
  return static_cast<int>(connections_.size());
}

ScriptedServer::Script Answering(std::function<std::string(const ServedRequest&)> answer) {
  return [answer = std::move(answer)](ServerConnection& connection) {
    while (const auto request = connection.ReadRequest()) {
      if (!connection.Send(answer(*request))) return;
    }
  };
}

std::string AnswerText(int status, std::string_view body, std::string_view fields) {
  return fmt::format("HTTP/1.1 {} Status\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(),
                     fields, body);
}

}  // namespace headrace::testing_support
