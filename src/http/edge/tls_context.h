#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "base/utc_time.h"

// NOLINTNEXTLINE(readability-identifier-naming): OpenSSL's own names
struct ssl_st;
// NOLINTNEXTLINE(readability-identifier-naming)
struct ssl_ctx_st;

namespace headrace {

struct FreeTls {
  void operator()(ssl_st* tls) const;
  void operator()(ssl_ctx_st* context) const;
};
using TlsSession = std::unique_ptr<ssl_st, FreeTls>;

// A certificate with its key, and what the server offers: TLS 1.2 and 1.3 (RFC 8446), HTTP/1.1 by
// ALPN (RFC 7301), no renegotiation, no compression. Immutable, thread-safe.
class TlsContext {
 public:
  // PEM files; the certificate's may hold its chain. kInvalidArgument if they cannot be read, or do
  // not belong together; `hint` names the file.
  static Expected<std::shared_ptr<const TlsContext>> Load(const std::string& certificate,
                                                          const std::string& key);

  // The server's side of a new connection. Throws std::bad_alloc.
  [[nodiscard]] TlsSession NewSession() const;

  // When the certificate ends, and its SHA-256: of the server's own, not of its chain.
  [[nodiscard]] UtcTime not_after() const { return not_after_; }
  [[nodiscard]] const std::string& fingerprint() const { return fingerprint_; }

 private:
  explicit TlsContext(std::unique_ptr<ssl_ctx_st, FreeTls> context);

  std::unique_ptr<ssl_ctx_st, FreeTls> context_;
  UtcTime not_after_;
  std::string fingerprint_;  // bytes
};

}  // namespace headrace
