#include "http/raw_client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "http/message/chars.h"

namespace headrace {

std::string RawAnswer::Field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second;
}

RawClient::RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval limit{10, 0};
  const int on = 1;
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the socket API's own way
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("connect failed");
  }
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::Comes(std::chrono::milliseconds within) {
  pollfd entry{fd_.get(), POLLIN, 0};
  return !buffer_.empty() || ::poll(&entry, 1, static_cast<int>(within.count())) == 1;
}

bool RawClient::Fill() {
  std::array<char, 65536> bytes{};
  const auto got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
  if (got <= 0) return false;
  buffer_.append(bytes.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<RawAnswer> RawClient::Read(bool head_only) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return std::nullopt;
  }
  RawAnswer answer;
  std::string_view head = std::string_view(buffer_).substr(0, end);
  std::string_view line = head.substr(0, head.find("\r\n"));
  if (line.size() > 12) std::from_chars(line.data() + 9, line.data() + 12, answer.status);
  while (line.size() + 2 <= head.size()) {
    head.remove_prefix(line.size() + 2);
    line = head.substr(0, head.find("\r\n"));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    answer.fields[ToLower(line.substr(0, colon))] = TrimSpace(line.substr(colon + 1));
  }
  buffer_.erase(0, end + 4);
  const std::string length = answer.Field("content-length");
  const std::size_t size = head_only || length.empty() ? 0 : std::stoul(length);
  while (buffer_.size() < size) {
    if (!Fill()) return std::nullopt;
  }
  answer.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return answer;
}

std::string RawClient::ReadSome() {
  if (buffer_.empty()) Fill();
  return std::exchange(buffer_, "");
}

std::optional<std::string> RawClient::ReadToEnd() {
  std::array<char, 65536> bytes{};
  for (;;) {
    const auto got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (got == 0) return std::exchange(buffer_, "");
    if (got < 0) return std::nullopt;
    buffer_.append(bytes.data(), static_cast<std::size_t>(got));
  }
}

bool RawClient::AtEnd() {
  const auto rest = ReadToEnd();
  return rest && rest->empty();
}

void RawClient::HalfClose() { ::shutdown(fd_.get(), SHUT_WR); }

void RawClient::Close() { fd_.reset(); }

void RawClient::Reset() {
  const linger now{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  fd_.reset();
}

std::string GetRequest(std::string_view target, std::string_view fields) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: test\r\n{}\r\n", target, fields);
}

std::string PostHead(std::string_view target, std::uint64_t length, std::string_view fields) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n{}\r\n", target,
                     length, fields);
}

std::string PostRequest(std::string_view target, std::string_view body, std::string_view fields) {
  return PostHead(target, body.size(), fields) + std::string(body);
}

}  // namespace headrace
