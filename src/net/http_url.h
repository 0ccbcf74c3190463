#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "headrace/params.h"

namespace headrace {

// Whether the text is an absolute http or https URL that a request can be sent to: a host, no user,
// no password, no fragment, characters that need no further encoding. The error's hint says what is
// wrong; it never repeats the text, which may hold a password.
Status CheckHttpUrl(std::string_view text);

// What a request to a URL depends on, as libcurl reads it.
struct HttpUrl {
  std::string scheme;      // http or https
  std::string host;        // lower case; an IPv4 address in its usual form; IPv6 without brackets
  std::uint16_t port = 0;  // the scheme's where the URL has none
};

// The same check, with what was found. A host has nothing but letters, digits and . - _, or is an
// IPv6 address without a zone.
Expected<HttpUrl> ParseHttpUrl(std::string_view text);

// Everything but letters, digits and - . _ ~ becomes %XX.
std::string PercentEncode(std::string_view text);

// The URL with the parameters appended to its query, encoded, in the order of their names.
std::string WithQuery(std::string url, const Params& params);

}  // namespace headrace
