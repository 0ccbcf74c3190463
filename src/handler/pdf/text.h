#pragma once

#include <span>
#include <string>

namespace headrace {

// UTF-16 as UTF-8; an unpaired surrogate becomes U+FFFD.
std::string Utf8(std::span<const unsigned short> units);

// The same for text that people read: lines end with \n (also the last one), the hyphen at which a
// word was broken at the end of a line is one, and no other control character or noncharacter
// stays.
std::string PlainText(std::span<const unsigned short> units);

}  // namespace headrace
