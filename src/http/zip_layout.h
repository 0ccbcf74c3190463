#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace headrace {

struct ZipEntry {
  std::string_view name;  // UTF-8
  std::uint64_t size = 0;
  std::uint32_t crc32 = 0;
};

// Everything of a stored (uncompressed) zip file but its entries' bytes: the file is
// headers[0], bytes of entry 0, headers[1], bytes of entry 1, ..., directory.
struct ZipLayout {
  std::vector<std::string> headers;
  std::string directory;
  std::uint64_t size = 0;  // of the whole file
};

// Refuses (kHandlerCrashed, result-too-large) what does not fit the plain format: 65,535 entries or
// 4 GiB.
Expected<ZipLayout> LayOutZip(std::span<const ZipEntry> entries);

}  // namespace headrace
