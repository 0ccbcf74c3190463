#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

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
  const std::vector<std::uint8_t>& Encode(const Raster& raster);

 private:
  void Begin(const Raster& raster, bool gray);
  void Deflate(const Raster& raster, bool gray);
  void Chunk(const char* type, const std::vector<std::uint8_t>& data);

  std::vector<std::uint8_t> file_;
  std::vector<std::uint8_t> rows_;
  std::vector<std::uint8_t> level_buffer_;
};

}  // namespace headrace
