#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "handler/pdf/image_encoder.h"

namespace headrace {

// The frame of a PNG (ISO/IEC 15948): chunks with lengths and checksums around deflated data. Keeps
// its memory from file to file.
class PngFile {
 public:
  // Signature and header chunks; data may come.
  void Begin(const ImageSpec& spec);

  // Free bytes behind the data, at least `least`; valid until the next call.
  std::span<std::uint8_t> Room(std::size_t least);
  // The first `size` bytes of the room are data now.
  void Commit(std::size_t size);

  // After the data: the whole file, valid until the next Begin.
  std::span<const std::byte> Finish();

 private:
  void Append(const void* bytes, std::size_t size);
  void AppendNumber(std::uint32_t number);
  void BeginChunk(const char* type);
  void EndChunk();

  std::vector<std::uint8_t> file_;  // the first size_ bytes count
  std::size_t size_ = 0;
  std::size_t chunk_ = 0;  // where the open one begins
};

}  // namespace headrace
