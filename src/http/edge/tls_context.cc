#include "http/edge/tls_context.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <chrono>
#include <ctime>
#include <new>
#include <utility>

namespace headrace {
namespace {

constexpr std::array<unsigned char, 9> kProtocols{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

Error Unusable(const std::string& what, const std::string& file) {
  std::array<char, 256> reason{};
  ERR_error_string_n(ERR_peek_error(), reason.data(), reason.size());
  ERR_clear_error();
  return Error{ErrorCode::kInvalidArgument, "tls",
               fmt::format("{} {} cannot be used: {}", what, file, reason.data()), "", 0};
}

UtcTime EndOf(const X509& certificate) {
  std::tm end{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &end) != 1) return UtcTime{};
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&end)));
}

void AppendDigest(const X509& certificate, std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(&certificate, EVP_sha256(), digest.data(), &size) != 1) return;
  text.append(digest.begin(), digest.begin() + size);
}

// NOLINTNEXTLINE(readability-function-size): OpenSSL's signature
int ChooseProtocol(SSL* /*tls*/, const unsigned char** out, unsigned char* out_length,
                   const unsigned char* in, unsigned int in_length, void* /*unused*/) {
  // Points into one of the two lists, which both live on; never written through.
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, kProtocols.data(), kProtocols.size(), in,
                            in_length) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

void FreeTls::operator()(ssl_st* tls) const { SSL_free(tls); }
void FreeTls::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Expected<std::shared_ptr<const TlsContext>> TlsContext::Load(const std::string& certificate,
                                                             const std::string& key) {
  std::unique_ptr<ssl_ctx_st, FreeTls> context(SSL_CTX_new(TLS_server_method()));
  if (!context) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(context.get(), ChooseProtocol, nullptr);
  // Of an encrypted key it would ask the terminal, and wait for somebody.
  SSL_CTX_set_default_passwd_cb(context.get(), [](char*, int, int, void*) { return -1; });
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1) {
    return Unusable("the certificate", certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Unusable("the key", key);
  }
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(context)));
}

TlsContext::TlsContext(std::unique_ptr<ssl_ctx_st, FreeTls> context)
    : context_(std::move(context)) {
  const X509* const own = SSL_CTX_get0_certificate(context_.get());
  not_after_ = EndOf(*own);
  AppendDigest(*own, fingerprint_);
  STACK_OF(X509)* chain = nullptr;  // stays the context's
  SSL_CTX_get0_chain_certs(context_.get(), static_cast<void*>(&chain));
  for (int i = 0; i < sk_X509_num(chain); ++i) AppendDigest(*sk_X509_value(chain, i), fingerprint_);
}

TlsSession TlsContext::NewSession() const {
  TlsSession session(SSL_new(context_.get()));
  if (!session) throw std::bad_alloc();
  SSL_set_accept_state(session.get());
  return session;
}

}  // namespace headrace
