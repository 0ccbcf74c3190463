#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace headrace {

// Appends the bytes in base64 (RFC 4648, with padding).
void AppendBase64(std::string& out, std::string_view bytes);

// How long so many bytes are in base64.
constexpr std::size_t Base64Size(std::size_t bytes) { return (bytes + 2) / 3 * 4; }

}  // namespace headrace
