#include "base/printable.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace headrace {
namespace {

// Of the sequence that begins with this byte; 0: none does.
std::size_t SequenceLength(std::uint32_t first) {
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  return first < 0xE0 ? 2 : (first < 0xF0 ? 3 : 4);
}

bool IsShown(std::uint32_t character) {
  const bool control = character < 0x20 || (character >= 0x7F && character < 0xA0);
  const bool line_or_direction = (character >= 0x2028 && character <= 0x202E) ||
                                 (character >= 0x2066 && character <= 0x2069) ||
                                 character == 0x200E || character == 0x200F || character == 0x061C;
  return !control && !line_or_direction;
}

// Longer than it need be, a half of a UTF-16 pair, or beyond the last character.
bool IsMisencoded(std::uint32_t character, std::size_t length) {
  if (length == 3) return character < 0x800 || (character >= 0xD800 && character <= 0xDFFF);
  return length == 4 && (character < 0x10000 || character > 0x10FFFF);
}

void AppendEscape(std::string& text, char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  text += "\\x";
  text += kDigits[value >> 4U];
  text += kDigits[value & 0xFU];
}

}  // namespace

Character FirstCharacter(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::size_t length = SequenceLength(at(0));
  if (length == 0 || length > text.size()) return {};
  std::uint32_t character = length == 1 ? at(0) : at(0) & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0U) != 0x80U) return {};
    character = (character << 6U) | (at(i) & 0x3FU);
  }
  if (IsMisencoded(character, length)) return {};
  return {length, IsShown(character)};
}

std::string Printable(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const Character first = FirstCharacter(bytes);
    const std::size_t shown = first.shown ? first.length : 0;
    if (shown == 0) AppendEscape(text, bytes.front());
    text += bytes.substr(0, shown);
    bytes.remove_prefix(std::max<std::size_t>(shown, 1));
  }
  return text;
}

}  // namespace headrace
