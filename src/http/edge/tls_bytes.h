#pragma once

#include <string>
#include <string_view>

#include "http/edge/tls_context.h"

namespace headrace {

// What a TLS session reads and writes. OpenSSL's own memory buffers never become smaller; here
// nothing is held while nothing is on its way. Stays where it is, and outlives the session. Not
// thread-safe.
class TlsBytes {
 public:
  TlsBytes() = default;
  TlsBytes(const TlsBytes&) = delete;
  TlsBytes& operator=(const TlsBytes&) = delete;
  ~TlsBytes() = default;

  // From now on the session reads `in` and writes to `out`. Throws std::bad_alloc.
  void Serve(const TlsSession& session);

  std::string_view in;  // what has come and is not read yet; the caller's
  std::string out;      // what the session has written
};

}  // namespace headrace
