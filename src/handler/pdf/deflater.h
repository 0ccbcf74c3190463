#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "handler/pdf/png_file.h"

namespace headrace {

// Makes one zlib stream (RFC 1950) of bytes as they come, into the data of a PNG. Reused from
// stream to stream. Throws std::bad_alloc, and std::runtime_error for what its library refuses.
class Deflater {
 public:
  Deflater() = default;
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  virtual ~Deflater() = default;

  // `size`: bytes that will come in all.
  virtual void Begin(std::size_t size) = 0;
  // The last bytes end the stream. They may be none.
  virtual void Add(std::span<const std::uint8_t> bytes, bool last, PngFile& file) = 0;
};

// ISA-L at level 2: several times less CPU than zlib's defaults for files some 20 % larger.
std::unique_ptr<Deflater> MakeFastDeflater();

// libdeflate at level 6: as small as zlib at its best, at a third of its CPU. It cannot take a
// stream in pieces, so it collects them: for pictures that fit into memory twice.
std::unique_ptr<Deflater> MakeSmallDeflater();

// zlib at level 6, in bounded memory.
std::unique_ptr<Deflater> MakeStreamingSmallDeflater();

}  // namespace headrace
