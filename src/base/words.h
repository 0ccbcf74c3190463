#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace headrace {

// "deu, eng" as its words, without the blanks around them. Empty ones stay, for the caller to
// refuse.
std::vector<std::string> SplitWords(std::string_view text, char separator);

// A number that is all of the text; nothing if it is none, or none of this type.
template <class Number>
std::optional<Number> ParseNumberAll(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Empties the string and gives its memory back, which an assignment of an empty one need not do:
// the standard library may keep the larger buffer.
inline void FreeMemory(std::string& text) { std::string().swap(text); }

}  // namespace headrace
