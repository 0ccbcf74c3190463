#include "app/health_probe.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <thread>

#include "base/fd.h"

namespace headrace {
namespace {

using testing::HasSubstr;

// A listener on a free loopback port which answers one connection with a text.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(socket_.get(), 1), 0);
    socklen_t size = sizeof address;
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, text = std::move(answer)] {
      const UniqueFd client(::accept(socket_.get(), nullptr, nullptr));
      char request[4096];
      request_.assign(request,
                      static_cast<std::size_t>(::recv(client.get(), request, sizeof request, 0)));
      ::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL);
    });
  }
  ~OneAnswer() { thread_.join(); }

  std::string Address(const std::string& host) const { return host + ":" + std::to_string(port_); }
  const std::string& request() const { return request_; }  // after the probe

 private:
  UniqueFd socket_;
  int port_ = 0;
  std::string request_;
  std::thread thread_;
};

Deadline Soon() { return Deadline::After(std::chrono::seconds(10)); }

TEST(HealthProbeTest, A200IsWellAndTheAnyAddressIsAskedThroughLoopback) {
  const OneAnswer server("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n");
  const auto answer = ProbeHealth(server.Address("0.0.0.0"), "/readyz", Soon());
  ASSERT_TRUE(answer.ok()) << answer.error().hint;
  EXPECT_EQ(*answer, "ok\n");
}

TEST(HealthProbeTest, AnythingElseIsNot) {
  const OneAnswer server("HTTP/1.1 503 Service Unavailable\r\n\r\ndraining\n");
  const auto answer = ProbeHealth(server.Address("127.0.0.1"), "/readyz", Soon());
  ASSERT_FALSE(answer.ok());
  EXPECT_THAT(answer.error().hint, HasSubstr("503 Service Unavailable: draining"));
}

TEST(HealthProbeTest, NobodyThereIsNot) {
  std::string address;
  {
    const OneAnswer server("");
    address = server.Address("127.0.0.1");
    EXPECT_FALSE(ProbeHealth(address, "/livez", Soon()).ok());
  }
  const auto answer = ProbeHealth(address, "/livez", Soon());
  ASSERT_FALSE(answer.ok());
  EXPECT_THAT(answer.error().hint, HasSubstr("cannot connect: Connection refused"));
}

}  // namespace
}  // namespace headrace
