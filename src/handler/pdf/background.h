#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace headrace {

// What a page is drawn on, as a client writes it: `white`, `transparent`, or six hexadecimal digits
// with or without a # before them (in a query it must be written %23). 0xAARRGGBB; nothing if the
// text is none of these. Transparent is white that cannot be seen.
std::optional<std::uint32_t> ParseBackground(std::string_view text);

inline constexpr std::uint32_t kTransparent = 0x00FFFFFF;

}  // namespace headrace
