#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headrace {

// "deu, eng" as its words, without the blanks around them. Empty ones stay, for the caller to
// refuse.
std::vector<std::string> SplitWords(std::string_view text, char separator);

}  // namespace headrace
