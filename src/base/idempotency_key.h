#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace headrace {

// SHA-256 over a job's params and payload.
using PayloadDigest = std::array<std::uint8_t, 32>;

// The Idempotency-Key of a request (draft-ietf-httpapi-idempotency-key-header-07) as its job holds
// it. A key belongs to a tenant and a queue.
struct IdempotencyKey {
  std::string key;  // as it was sent
  PayloadDigest digest{};
};

}  // namespace headrace
