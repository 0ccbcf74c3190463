#pragma once

#include <string_view>

namespace headrace {

// Whether the text is what may stand between a chunk's size and its CR LF (RFC 9112, 7.1.1): none
// or more of "; name" and "; name = value", with white space around both signs; a value is a token
// or a quoted string.
bool IsChunkExtension(std::string_view text);

// Whether the line, without its CR LF, is a field of a trailer (RFC 9112, 7.1.2): "name: value".
bool IsTrailerField(std::string_view line);

}  // namespace headrace
