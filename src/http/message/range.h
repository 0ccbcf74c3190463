#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace headrace {

// A part of a representation, in bytes.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};

enum class RangeKind {
  kWhole,          // no range, or one that is not understood: the whole is sent
  kPart,           // 206
  kUnsatisfiable,  // 416
};

// What a Range field (RFC 9110, 14.2) asks of a representation of `size` bytes. Only one range of
// bytes is understood; of several, the whole is sent, as the RFC allows.
RangeKind ParseRange(std::string_view field, std::uint64_t size, ByteRange& range);

// Whether a list of entity tags (RFC 9110, 13.1.2) has that one, or is "*". Weak ones count.
bool MatchesTag(std::string_view list, std::string_view tag);

}  // namespace headrace
