#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headrace {

// "deu, eng" as its words, without the blanks around them. Empty ones stay, for the caller to
// refuse.
std::vector<std::string> SplitWords(std::string_view text, char separator);

// Empties the string and gives its memory back, which an assignment of an empty one need not do:
// the standard library may keep the larger buffer.
inline void FreeMemory(std::string& text) { std::string().swap(text); }

}  // namespace headrace
