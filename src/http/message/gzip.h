#pragma once

#include <string>
#include <string_view>

#include "http/message/answer.h"

namespace headrace {

// Whether an Accept-Encoding field (RFC 9110, 12.5.3) takes gzip. An absent one does not ask for
// it.
bool AcceptsGzip(std::string_view accept_encoding);

// The text in gzip format (RFC 1952), at the level that costs least; the text itself if that is no
// shorter. Thread-safe.
std::string Gzip(std::string text);

// Packs an answer's text if it is worth that and the client takes it. The answer says that it
// depends on Accept-Encoding whether or not it is packed (RFC 9110, 12.5.5).
void PackText(Answer& answer, std::string_view accept_encoding);

}  // namespace headrace
