#pragma once

#include <string>
#include <string_view>

namespace headrace {

// The `traceparent` of our own span (W3C Trace Context, level 1): the caller's trace id and flags
// if `incoming` is valid, else a new trace; the parent id is always a new one of ours. Thread-safe.
std::string ContinueTrace(std::string_view incoming);

// Whether the text is a valid traceparent: version 00, or a later one that begins in the same way.
bool IsTraceparent(std::string_view text);

}  // namespace headrace
