// https upstreams: who is trusted.
#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "net/http_client.h"
#include "unit/net/client_fixture.h"
#include "unit/net/tls_server.h"

namespace headrace {
namespace {

class HttpClientTls : public HttpClientTest {
 protected:
  HttpClientTls()
      : folder_(std::filesystem::temp_directory_path() /
                ("headrace-net-tls-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL's server writes to clients that have left
  }
  ~HttpClientTls() override { std::filesystem::remove_all(folder_); }

  // What a request to a server with that identity ends as.
  HttpReport Ask(const Identity& identity) {
    const Server server([&](Connection& connection) { ServeTls(identity, connection.fd()); });
    KeepingSink sink;
    HttpReport report = Post("https://127.0.0.1:" + std::to_string(server.port()) + "/", "", &sink);
    body_ = sink.body;
    return report;
  }
  [[nodiscard]] std::string File() const { return folder_ / "ca.pem"; }

  const std::filesystem::path folder_;
  std::string body_;
};

TEST_F(HttpClientTls, TrustsTheAuthorityOfItsFile) {
  const Identity identity("127.0.0.1");
  identity.Write(File());
  options_.ca_file = File();
  const HttpReport report = Ask(identity);
  EXPECT_EQ(report.end, HttpEnd::kComplete) << report.detail;
  EXPECT_FALSE(report.untrusted);
  EXPECT_EQ(body_, "secret");
}

TEST_F(HttpClientTls, KeepsItsConnection) {
  constexpr int kRequests = 3;
  const Identity identity("127.0.0.1");
  identity.Write(File());
  options_.ca_file = File();
  const Server server(
      [&](Connection& connection) { ServeTls(identity, connection.fd(), kRequests); });
  for (int i = 0; i < kRequests; ++i) {
    const HttpReport report = Post("https://127.0.0.1:" + std::to_string(server.port()) + "/");
    EXPECT_EQ(report.end, HttpEnd::kComplete) << report.detail;
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTls, TrustsNobodyElse) {
  const HttpReport unknown = Ask(Identity("127.0.0.1"));
  EXPECT_EQ(unknown.end, HttpEnd::kUnreachable);
  EXPECT_TRUE(unknown.untrusted);
  EXPECT_THAT(unknown.detail, testing::HasSubstr("certificate"));
  EXPECT_EQ(body_, "");
}

TEST_F(HttpClientTls, TrustsNoCertificateOfAnotherHost) {
  const Identity other("127.0.0.2");
  other.Write(File());
  options_.ca_file = File();
  EXPECT_EQ(Ask(other).end, HttpEnd::kUnreachable);
}

TEST_F(HttpClientTls, IsUnreachableWithAFileThatHoldsNoAuthority) {
  std::ofstream(File()) << "nothing\n";
  options_.ca_file = File();
  EXPECT_EQ(Ask(Identity("127.0.0.1")).end, HttpEnd::kUnreachable);
}

}  // namespace
}  // namespace headrace
