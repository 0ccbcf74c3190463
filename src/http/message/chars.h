#pragma once

#include <string>
#include <string_view>
#include <vector>

// Characters, tokens and lists of RFC 9110; ASCII only, whatever the locale.
namespace headrace {

bool IsTokenChar(char c);
bool IsToken(std::string_view text);      // one or more token characters
bool IsFieldText(std::string_view text);  // visible, space, tab or above 0x7f
char ToLower(char c);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
bool StartsWithIgnoreCase(std::string_view text, std::string_view prefix);
std::string ToLower(std::string_view text);
std::string_view TrimSpace(std::string_view text);  // spaces and tabs at both ends

// Cuts the text up to the first `separator` (outside quoted strings) off `rest` and returns it
// trimmed. To be called until `rest` is empty.
std::string_view NextItem(std::string_view& rest, char separator);

// The members of a comma-separated list that are not empty, trimmed.
std::vector<std::string_view> SplitList(std::string_view text);

// Whether a comma-separated list of tokens has that member (case-insensitive).
bool ListHas(std::string_view list, std::string_view token);

int HexValue(char c);  // -1 if it is no hexadecimal digit

}  // namespace headrace
