#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "handler/pdf/image_encoder.h"

namespace headrace {

// Bytes of a pixel in a PNG of 8 bits a sample.
std::size_t BytesPerPixel(Pixels pixels);

// Writes the filter's number and the row's differences to the row `above`; both are of BGRA pixels,
// and `above` of the first row is all zeros. `out` has room for two bytes more than the row takes:
// pixels are stored as four bytes, the fourth is overwritten by the next one.
void FilterUp(std::span<const std::uint8_t> row, std::span<const std::uint8_t> above, Pixels pixels,
              std::uint8_t* out);

// Chooses for each row that one of the five filters whose differences are smallest in sum, as
// libpng does. Keeps the row above.
class AdaptiveFilter {
 public:
  // The next row is the first of a picture.
  void Begin(std::size_t width, Pixels pixels);
  // The filter's number and the filtered row, valid until the next call.
  std::span<const std::uint8_t> Filter(std::span<const std::uint8_t> bgra);

 private:
  Pixels pixels_ = Pixels::kColour;
  std::size_t per_pixel_ = 3;
  std::size_t bytes_ = 0;  // of a row without its filter's number
  // Both with a pixel of zeros before the row.
  std::vector<std::uint8_t> row_;
  std::vector<std::uint8_t> above_;
  std::vector<std::uint8_t> tried_;
  std::vector<std::uint8_t> best_;
};

}  // namespace headrace
