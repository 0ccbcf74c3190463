#pragma once

#include <string>
#include <string_view>

namespace headrace {

// Appends the bytes in base64 (RFC 4648, with padding).
void AppendBase64(std::string& out, std::string_view bytes);

}  // namespace headrace
