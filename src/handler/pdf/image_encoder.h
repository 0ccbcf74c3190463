#pragma once

#include <cstddef>
#include <span>

namespace headrace {

// What is kept of each BGRA pixel.
enum class Pixels {
  kGray,          // R = G = B
  kColour,        // RGB
  kColourOrNone,  // RGB and alpha
};

enum class Compression { kFast, kSmall };

struct ImageSpec {
  int width = 0;
  int height = 0;
  double dpi = 72;  // for the file's physical size
  Pixels pixels = Pixels::kColour;
  Compression compression = Compression::kFast;  // of a PNG
  int quality = 85;                              // of a JPEG, 1 to 100
};

// Makes an image file of rows as they come. Reuses its buffers: one per thread. Throws
// std::bad_alloc, and std::runtime_error for what its library refuses.
class ImageEncoder {
 public:
  ImageEncoder() = default;
  ImageEncoder(const ImageEncoder&) = delete;
  ImageEncoder& operator=(const ImageEncoder&) = delete;
  virtual ~ImageEncoder() = default;

  // Begins a file; one that was begun before is dropped.
  virtual void Begin(const ImageSpec& spec) = 0;
  // The next rows from the top, each of width * 4 bytes: B, G, R, A.
  virtual void AddRows(std::span<const std::byte> bgra) = 0;
  // After the last row: the file, valid until the next Begin.
  virtual std::span<const std::byte> Finish() = 0;
};

}  // namespace headrace
