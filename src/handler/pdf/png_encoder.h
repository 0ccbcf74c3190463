#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

struct isal_zstream;

namespace headrace {

// A drawn page: BGRA rows of width * 4 bytes, opaque. Not owned.
struct Raster {
  const std::byte* bgra = nullptr;
  int width = 0;
  int height = 0;
  double dpi = 72;  // for the file's physical size
};

// Encodes as PNG (ISO/IEC 15948): RGB, or 8-bit gray where every pixel has R = G = B. Up filter and
// ISA-L's deflate at level 2: several times less CPU than libpng's defaults for files some 20 %
// larger. Reuses its buffers: one per thread.
class PngEncoder {
 public:
  // The file, valid until the next call. Throws std::bad_alloc.
  std::span<const std::byte> Encode(const Raster& raster);

 private:
  void Append(const void* bytes, std::size_t size);
  void AppendNumber(std::uint32_t number);
  void AppendCrc(std::size_t chunk);
  void AppendHeader(const Raster& raster, bool gray);
  void AppendPixels(const Raster& raster, bool gray);
  void Deflate(isal_zstream* stream);

  std::vector<std::uint8_t> file_;  // the first size_ bytes count
  std::size_t size_ = 0;
  std::vector<std::uint8_t> rows_;
  std::vector<std::uint8_t> level_buffer_;
};

}  // namespace headrace
