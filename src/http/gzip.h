#pragma once

#include <string>
#include <string_view>

namespace headrace {

// Whether an Accept-Encoding field (RFC 9110, 12.5.3) takes gzip. An absent one does not ask for
// it.
bool AcceptsGzip(std::string_view accept_encoding);

// The text in gzip format (RFC 1952), at the level that costs least; the text itself if that is no
// shorter. Thread-safe.
std::string Gzip(std::string text);

}  // namespace headrace
