#include "handler/frames/part_check.h"

#include <zlib.h>

#include <stdexcept>
#include <string>

#include "handler/frames/frames.h"

namespace headrace {

void CheckPart(std::string_view name, std::string_view media_type) {
  if (!ValidPartName(name)) {
    throw std::invalid_argument("part name '" + std::string(name.substr(0, kMaxPartName)) +
                                "' is no plain file name");
  }
  if (!ValidMediaType(media_type)) {
    throw std::invalid_argument("part '" + std::string(name) + "' has no valid media type");
  }
}

std::uint32_t Crc32(std::span<const std::byte> bytes, std::uint32_t before) {
  // To zlib a null pointer means something else than no bytes.
  if (bytes.empty()) return before;
  return static_cast<std::uint32_t>(
      crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace headrace
