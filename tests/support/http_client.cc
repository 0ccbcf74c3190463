#include "support/http_client.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <chrono>
#include <utility>

namespace headrace::testing_support {

std::string HttpAnswer::Field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

HttpClient::HttpClient(std::uint16_t port, int receive_buffer)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (receive_buffer != 0) {
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) Close();
}

bool HttpClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void HttpClient::HalfClose() { shutdown(socket_.get(), SHUT_WR); }

void HttpClient::Reset() {
  const linger now{1, 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  Close();
}

bool HttpClient::ReadMore(Deadline deadline) {
  pollfd entry{socket_.get(), POLLIN, 0};
  if (::poll(&entry, 1, deadline.PollTimeout()) != 1) return false;
  std::array<char, 65536> chunk{};
  const ssize_t got = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
  if (got <= 0) return false;
  buffer_.append(chunk.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<HttpAnswer> HttpClient::Read(Deadline deadline) {
  std::size_t head_end = 0;
  while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!ReadMore(deadline)) return std::nullopt;
  }
  HttpAnswer answer;
  std::string_view head(buffer_.data(), head_end + 2);
  const auto status = head.substr(9, 3);  // "HTTP/1.1 200 OK"
  std::from_chars(status.data(), status.data() + status.size(), answer.status);
  head.remove_prefix(head.find("\r\n") + 2);
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    const auto colon = line.find(": ");
    if (colon != std::string_view::npos) {
      answer.fields.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    }
    head.remove_prefix(end + 2);
  }
  std::size_t length = 0;
  const std::string field = answer.Field("Content-Length");
  std::from_chars(field.data(), field.data() + field.size(), length);
  while (buffer_.size() < head_end + 4 + length) {
    if (!ReadMore(deadline)) return std::nullopt;
  }
  answer.body = buffer_.substr(head_end + 4, length);
  buffer_.erase(0, head_end + 4 + length);
  return answer;
}

std::optional<std::string> HttpClient::ReadUntil(std::string_view text, Deadline deadline) {
  std::size_t at = 0;
  while ((at = buffer_.find(text)) == std::string::npos) {
    if (!ReadMore(deadline)) return std::nullopt;
  }
  const std::string read = buffer_.substr(0, at + text.size());
  buffer_.erase(0, read.size());
  return read;
}

std::optional<std::string> HttpClient::ReadToEnd(Deadline deadline) {
  while (ReadMore(deadline)) {
  }
  if (deadline.Passed()) return std::nullopt;
  return std::exchange(buffer_, "");
}

std::string MakeRequest(std::string_view method, std::string_view target, std::string_view body,
                        std::string_view fields) {
  return fmt::format("{} {} HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n{}\r\n{}", method,
                     target, body.size(), fields, body);
}

HttpAnswer Ask(std::uint16_t port, std::string_view request) {
  HttpClient client(port);
  if (!client.connected()) return {};
  client.Send(request);  // a refusal may come before all is sent
  return client.Read(Deadline::After(std::chrono::seconds(60))).value_or(HttpAnswer{});
}

}  // namespace headrace::testing_support
