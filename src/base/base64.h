#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace headrace {

// Appends the bytes in base64 (RFC 4648, with padding).
void AppendBase64(std::string& out, std::string_view bytes);

// The bytes of a text in base64 (RFC 4648, section 4); nothing if it is not, if its padding is
// missing, or if bits are set that no byte has.
std::optional<std::string> DecodeBase64(std::string_view text);

// How long so many bytes are in base64.
constexpr std::size_t Base64Size(std::size_t bytes) { return (bytes + 2) / 3 * 4; }

}  // namespace headrace
