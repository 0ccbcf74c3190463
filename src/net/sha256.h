#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace headrace {

using Sha256Digest = std::array<std::uint8_t, 32>;

// SHA-256 (FIPS 180-4) of bytes that come one after the other. Not thread-safe. Throws
// std::bad_alloc where the library has no memory.
class Sha256 {
 public:
  Sha256();
  void Add(std::span<const std::byte> bytes);
  void Add(std::string_view text);
  // Of all that was added. Nothing can be added after it.
  [[nodiscard]] Sha256Digest Finish();

 private:
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

// HMAC-SHA-256 (RFC 2104). Thread-safe.
[[nodiscard]] Sha256Digest HmacSha256(std::string_view key, std::string_view text);

// Whether two texts are equal, in a time that tells nothing but their lengths.
[[nodiscard]] bool EqualInConstantTime(std::string_view a, std::string_view b);

}  // namespace headrace
