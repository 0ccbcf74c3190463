#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace headrace {

struct Character {
  std::size_t length = 0;  // in bytes; 0: the text begins with none
  bool shown = false;      // it does not end a line, move a cursor or turn the direction of writing
};

// The one that the text, which is not empty, begins with in UTF-8.
Character FirstCharacter(std::string_view text);

// Bytes of a stranger as text for a line of the log: what would end the line, move a terminal's
// cursor, turn the direction of writing or is no UTF-8 becomes \xNN, byte by byte.
std::string Printable(std::string_view bytes);

}  // namespace headrace
