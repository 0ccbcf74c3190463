#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>

#include "support/scripted_server.h"

namespace headrace {

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using Certificate = std::unique_ptr<X509, void (*)(X509*)>;

// A certificate for one host, signed by its own key.
struct Identity {
  // `kind`: IP or DNS.
  explicit Identity(const std::string& host, const std::string& kind = "IP") {
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* const subject = X509_get_subject_name(certificate.get());
    const std::array<unsigned char, 4> name{'t', 'e', 's', 't'};
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name.data(), name.size(), -1, 0);
    X509_set_issuer_name(certificate.get(), subject);
    const std::string names = kind + ":" + host;
    X509_EXTENSION* const extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(certificate.get(), extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate.get(), key.get(), nullptr);
  }
  void Write(const std::string& file) const {
    const std::unique_ptr<FILE, int (*)(FILE*)> stream(fopen(file.c_str(), "w"), fclose);
    PEM_write_X509(stream.get(), certificate.get());
  }

  Key key{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free};
  Certificate certificate{X509_new(), X509_free};
};

// Answers so many requests over TLS with "secret".
inline void ServeTls(const Identity& identity, int socket, int requests = 1) {
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_server_method()),
                                                             SSL_CTX_free);
  SSL_CTX_use_certificate(context.get(), identity.certificate.get());
  SSL_CTX_use_PrivateKey(context.get(), identity.key.get());
  const std::unique_ptr<SSL, void (*)(SSL*)> tls(SSL_new(context.get()), SSL_free);
  SSL_set_fd(tls.get(), socket);
  if (SSL_accept(tls.get()) != 1) return;
  for (std::string request; requests > 0; request.clear(), --requests) {
    std::array<char, 4096> some{};
    while (request.find("\r\n\r\n") == std::string::npos) {
      const int got = SSL_read(tls.get(), some.data(), some.size());
      if (got <= 0) return;
      request.append(some.data(), static_cast<std::size_t>(got));
    }
    const std::string answer = testing_support::AnswerText(200, "secret");
    SSL_write(tls.get(), answer.data(), static_cast<int>(answer.size()));
  }
  SSL_shutdown(tls.get());
}

}  // namespace headrace
