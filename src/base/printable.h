#pragma once

#include <string>
#include <string_view>

namespace headrace {

// Bytes of a stranger as text for a line of the log: what would end the line, move a terminal's
// cursor, turn the direction of writing or is no UTF-8 becomes \xNN, byte by byte.
std::string Printable(std::string_view bytes);

}  // namespace headrace
