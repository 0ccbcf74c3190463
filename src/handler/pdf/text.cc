#include "handler/pdf/text.h"

#include <cstddef>
#include <cstdint>

namespace headrace {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
// How PDFium writes a hyphen at which a line was broken, in its text and in older versions.
constexpr char32_t kBrokenWord = 0xFFFE;
constexpr char32_t kOldBrokenWord = 0x02;

bool IsHighSurrogate(unsigned unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
bool IsLowSurrogate(unsigned unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

// The next code point; moves `at` behind it.
char32_t Next(std::span<const unsigned short> units, std::size_t& at) {
  const unsigned unit = units[at++];
  if (IsHighSurrogate(unit) && at < units.size() && IsLowSurrogate(units[at])) {
    return 0x10000U + ((unit - 0xD800U) << 10) + (units[at++] - 0xDC00U);
  }
  return IsHighSurrogate(unit) || IsLowSurrogate(unit) ? kReplacement : unit;
}

void Append(std::string& text, char32_t code) {
  const auto byte = [&](std::uint32_t value) { text += static_cast<char>(value); };
  const auto tail = [&](int shift) { byte(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0U | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    byte(0xE0U | (code >> 12));
    tail(6);
    tail(0);
  } else {
    byte(0xF0U | (code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

bool IsControl(char32_t code) {
  return (code < 0x20 && code != '\n' && code != '\t') || (code >= 0x7F && code < 0xA0);
}

// Those that no text may hold: U+FDD0 to U+FDEF and the last two of each plane.
bool IsNoncharacter(char32_t code) {
  return (code >= 0xFDD0 && code <= 0xFDEF) || (code & 0xFFFEU) == 0xFFFEU;
}

}  // namespace

std::string Utf8(std::span<const unsigned short> units) {
  std::string text;
  text.reserve(units.size());
  for (std::size_t at = 0; at < units.size();) Append(text, Next(units, at));
  return text;
}

std::string PlainText(std::span<const unsigned short> units) {
  std::string text;
  text.reserve(units.size() + 1);
  for (std::size_t at = 0; at < units.size();) {
    const char32_t code = Next(units, at);
    if (code == kBrokenWord || code == kOldBrokenWord) {
      text += "-\n";
    } else if (code == '\r') {
      if (at == units.size() || units[at] != '\n') text += '\n';
    } else if (!IsControl(code) && !IsNoncharacter(code)) {
      Append(text, code);
    }
  }
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text;
}

}  // namespace headrace
