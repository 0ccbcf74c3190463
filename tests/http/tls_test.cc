// HTTPS at a real listener, with OpenSSL's own client.
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "http/server_fixture.h"

namespace headrace {
namespace {

// A key and a certificate that it signed itself, in files of their own.
class Certificate {
 public:
  explicit Certificate(const std::string& name)
      : folder_(std::filesystem::temp_directory_path() /
                ("tls-" + name + "-" + std::to_string(getpid()))) {
    std::filesystem::create_directory(folder_);
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> pair(
        EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
    const std::unique_ptr<X509, void (*)(X509*)> x509(X509_new(), X509_free);
    ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3600);
    X509_set_pubkey(x509.get(), pair.get());
    X509_NAME* const subject = X509_get_subject_name(x509.get());
    const std::array<unsigned char, 4> host{'t', 'e', 's', 't'};
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, host.data(), host.size(), -1, 0);
    X509_set_issuer_name(x509.get(), subject);
    X509_sign(x509.get(), pair.get(), nullptr);
    const std::unique_ptr<FILE, int (*)(FILE*)> certificate_file(fopen(certificate().c_str(), "w"),
                                                                 fclose);
    const std::unique_ptr<FILE, int (*)(FILE*)> key_file(fopen(key().c_str(), "w"), fclose);
    PEM_write_X509(certificate_file.get(), x509.get());
    PEM_write_PrivateKey(key_file.get(), pair.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  ~Certificate() { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string certificate() const { return folder_ / "certificate.pem"; }
  [[nodiscard]] std::string key() const { return folder_ / "key.pem"; }

 private:
  std::filesystem::path folder_;
};

// A client that takes any certificate.
class TlsClient {
 public:
  TlsClient(std::uint16_t port, int version) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    // TLS 1.1 takes this much persuasion.
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    socket_.reset(BIO_new_ssl_connect(context_.get()));
    std::string address = "127.0.0.1:" + std::to_string(port);
    BIO_ctrl(socket_.get(), BIO_C_SET_CONNECT, 0, address.data());  // BIO_set_conn_hostname, uncast
  }

  bool Connect() { return BIO_do_connect(socket_.get()) == 1; }
  bool Send(const std::string& text) {
    return BIO_write(socket_.get(), text.data(), static_cast<int>(text.size())) ==
           static_cast<int>(text.size());
  }
  // Until the server ends the connection.
  std::string ReadToEnd() {
    std::string text;
    std::array<char, 16'384> some{};
    for (int size = 0; (size = BIO_read(socket_.get(), some.data(), some.size())) > 0;) {
      text.append(some.data(), static_cast<std::size_t>(size));
    }
    return text;
  }

 private:
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_{nullptr, SSL_CTX_free};
  std::unique_ptr<BIO, void (*)(BIO*)> socket_{nullptr, BIO_free_all};
};

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

TEST_F(TlsTest, ClosesAConnectionThatSpeaksPlainHttp) {
  ServeTls();
  RawClient plain = Connect();
  plain.Send(GetRequest("/"));
  const auto answer = plain.ReadToEnd();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->find("HTTP"), std::string::npos);
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

}  // namespace
}  // namespace headrace
