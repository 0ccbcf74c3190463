#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace headrace {

struct ZipEntry {
  std::string_view name;  // UTF-8
  std::uint64_t size = 0;
  std::uint32_t crc32 = 0;
};

// Writes everything of a stored (uncompressed) zip file but its entries' bytes, in the order of the
// file: for each entry its header, then (by the caller) its bytes; in the end the directory.
// Refuses (kHandlerCrashed, result-too-large) what does not fit the plain format: 65,535 entries or
// 4 GiB.
class ZipLayout {
 public:
  Expected<std::string> Add(const ZipEntry& entry);
  Expected<std::string> Finish();

 private:
  std::uint64_t offset_ = 0;  // bytes of the file so far
  std::size_t entries_ = 0;
  std::string directory_;
};

}  // namespace headrace
