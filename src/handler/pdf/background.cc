#include "handler/pdf/background.h"

#include <charconv>

namespace headrace {

std::optional<std::uint32_t> ParseBackground(std::string_view text) {
  constexpr std::uint32_t kOpaque = 0xFF000000;
  constexpr std::size_t kDigits = 6;
  if (text == "white") return kOpaque | 0xFFFFFF;
  if (text == "transparent") return kTransparent;
  if (text.starts_with('#')) text.remove_prefix(1);
  std::uint32_t colour = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), colour, 16);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && text.size() == kDigits ? std::optional(kOpaque | colour) : std::nullopt;
}

}  // namespace headrace
