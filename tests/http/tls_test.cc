// HTTPS at a real listener, with OpenSSL's own client.
#include <gmock/gmock.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>

#include "http/server_fixture.h"
#include "support/tls_client.h"

namespace headrace {
namespace {

class TlsTest : public ServerFixture {
 protected:
  void ServeTls() {
    HttpOptions options;
    options.tls_certificate = certificate_.certificate();
    options.tls_key = certificate_.key();
    Serve(options);
  }
  // Sends a request whose answer ends the connection.
  std::string Ask(int version, const std::string& body = "hello") {
    TlsClient client(server_->port(), version);
    if (!client.Connect()) return "no connection";
    client.Send(PostRequest("/v1/queues/echo/jobs", body, "Connection: close\r\n"));
    return client.ReadToEnd();
  }

  Certificate certificate_{"test"};
};

TEST_F(TlsTest, ServesTls12And13) {
  ServeTls();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const std::string answer = Ask(version);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nhello"));
  }
}

TEST_F(TlsTest, RefusesOlderVersions) {
  ServeTls();
  EXPECT_EQ(Ask(TLS1_1_VERSION), "no connection");
}

TEST_F(TlsTest, TakesAndReturnsMegabytes) {
  ServeTls();
  const std::string body(5'000'000, 'x');
  const std::string answer = Ask(TLS1_3_VERSION, body);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n" + body)) << answer.size();
}

TEST_F(TlsTest, IsNotHeldUpByAClientThatNeverShakesHands) {
  ServeTls();
  RawClient silent = Connect();
  RawClient half = Connect();
  half.Send(std::string("\x16\x03\x01\x02", 4));
  EXPECT_TRUE(Ask(TLS1_3_VERSION).starts_with("HTTP/1.1 200 "));
}

TEST_F(TlsTest, TellsAClientThatSpeaksPlainHttpToSpeakTls) {
  ServeTls();
  RawClient plain = Connect();
  plain.Send(GetRequest("/"));
  const auto answer = plain.ReadToEnd();
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->starts_with("HTTP/1.1 400 ")) << *answer;
  EXPECT_NE(answer->find("plain-http"), std::string::npos) << *answer;
  EXPECT_NE(answer->find("Connection: close\r\n"), std::string::npos) << *answer;
}

TEST_F(TlsTest, DoesNotStartWithFilesThatItCannotUse) {
  const Certificate other("other");
  HttpOptions options;
  options.listen = "127.0.0.1:0";
  options.tls_certificate = certificate_.certificate();
  for (const std::string& key : {std::string("/nowhere/key.pem"), other.key()}) {
    options.tls_key = key;
    HttpServer server(options, *service_, *metrics_);
    const auto started = server.Start();
    ASSERT_FALSE(started.ok());
    EXPECT_NE(started.error().hint.find(key), std::string::npos) << started.error().hint;
  }
}

TEST_F(TlsTest, ServesANewCertificateToNewConnectionsAndTheOpenOnesGoOn) {
  ServeTls();
  TlsClient open(server_->port(), TLS1_3_VERSION);
  ASSERT_TRUE(open.Connect());
  EXPECT_EQ(open.Serial(), 1);
  const Certificate next("next", 2, std::chrono::hours(2));
  auto context = TlsContext::Load(next.certificate(), next.key());
  ASSERT_TRUE(context.ok());
  EXPECT_NE((*context)->fingerprint(), server_->Tls()->fingerprint());
  EXPECT_GT((*context)->not_after(), server_->Tls()->not_after());
  server_->Reload({}, *context);
  TlsClient fresh(server_->port(), TLS1_2_VERSION);
  ASSERT_TRUE(fresh.Connect());
  EXPECT_EQ(fresh.Serial(), 2);
  for (TlsClient* const client : {&open, &fresh}) {
    client->Send(PostRequest("/v1/queues/echo/jobs", "hello", "Connection: close\r\n"));
    EXPECT_TRUE(client->ReadToEnd().starts_with("HTTP/1.1 200 "));
  }
}

TEST_F(TlsTest, AnotherChainIsAnotherCertificate) {
  const auto before = TlsContext::Load(certificate_.certificate(), certificate_.key());
  certificate_.AppendToChain(Certificate("issuer"));
  const auto after = TlsContext::Load(certificate_.certificate(), certificate_.key());
  ASSERT_TRUE(before && after);
  EXPECT_NE((*before)->fingerprint(), (*after)->fingerprint());
  EXPECT_EQ((*before)->not_after(), (*after)->not_after());
}

// The password lies ready: who asked for it would get the key.
TEST_F(TlsTest, RefusesAnEncryptedKeyWithoutAQuestion) {
  certificate_.Encrypt();
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  ASSERT_EQ(write(ends[1], "secret\n", 7), 7);
  const int input = dup(STDIN_FILENO);
  dup2(ends[0], STDIN_FILENO);
  const auto loaded = TlsContext::Load(certificate_.certificate(), certificate_.key());
  dup2(input, STDIN_FILENO);
  for (const int fd : {input, ends[0], ends[1]}) close(fd);
  ASSERT_FALSE(loaded);
  EXPECT_THAT(loaded.error().hint, testing::HasSubstr("the key "));
}

}  // namespace
}  // namespace headrace
