#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

namespace headrace {

// A key and a certificate that it signed itself, in files of their own.
class Certificate {
 public:
  explicit Certificate(const std::string& name, int serial = 1,
                       std::chrono::seconds life = std::chrono::hours(1))
      : folder_(std::filesystem::temp_directory_path() /
                ("tls-" + name + "-" + std::to_string(getpid()))) {
    std::filesystem::create_directory(folder_);
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> pair(
        EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
    const std::unique_ptr<X509, void (*)(X509*)> x509(X509_new(), X509_free);
    ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), serial);
    X509_gmtime_adj(X509_getm_notBefore(x509.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509.get()), life.count());
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

  // As a file from an authority that is signed by another one: its own first.
  void AppendToChain(const Certificate& issuer) const {
    std::ofstream(certificate(), std::ios::app) << std::ifstream(issuer.certificate()).rdbuf();
  }
  // The key can be read with the password "secret" only from now on.
  void Encrypt() const {
    std::unique_ptr<FILE, int (*)(FILE*)> file(fopen(key().c_str(), "r"), fclose);
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> pair(
        PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    file.reset(fopen(key().c_str(), "w"));
    std::array<unsigned char, 6> password{'s', 'e', 'c', 'r', 'e', 't'};
    PEM_write_PrivateKey(file.get(), pair.get(), EVP_aes_256_cbc(), password.data(),
                         password.size(), nullptr, nullptr);
  }

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
  // Of the server's certificate; 0: there is none.
  [[nodiscard]] long Serial() const {
    SSL* tls = nullptr;
    BIO_get_ssl(socket_.get(), &tls);
    const std::unique_ptr<X509, void (*)(X509*)> own(SSL_get1_peer_certificate(tls), X509_free);
    return own ? ASN1_INTEGER_get(X509_get0_serialNumber(own.get())) : 0;
  }
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

}  // namespace headrace
