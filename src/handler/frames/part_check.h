#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace headrace {

// Throws std::invalid_argument if a handler names a part in a way that no client could save or
// read: a bug of the handler, told to its author.
void CheckPart(std::string_view name, std::string_view media_type);

// The CRC-32 of zip and PNG; `before`: that of the bytes before these.
std::uint32_t Crc32(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace headrace
