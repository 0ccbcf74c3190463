#include "handler/pdf/rotate.h"

#include <algorithm>
#include <cstddef>

namespace headrace {
namespace {

// Pixels of one side of the squares that are turned at once: both rows and columns stay in the
// cache.
constexpr std::ptrdiff_t kTile = 32;

}  // namespace

void Rotate(const std::uint32_t* pixels, int width, int height, int quarter_turns,
            std::uint32_t* out) {
  const std::ptrdiff_t columns = width;
  const std::ptrdiff_t rows = height;
  if (quarter_turns == 2) {
    std::reverse_copy(pixels, pixels + columns * rows, out);
    return;
  }
  // Pixel (x, y) goes to `start` + x * `per_column` + y * `per_row`.
  const bool clockwise = quarter_turns == 1;
  const std::ptrdiff_t start = clockwise ? rows - 1 : (columns - 1) * rows;
  const std::ptrdiff_t per_column = clockwise ? rows : -rows;
  const std::ptrdiff_t per_row = clockwise ? -1 : 1;
  const auto turn_tile = [&](std::ptrdiff_t top, std::ptrdiff_t left) {
    const std::ptrdiff_t right = std::min(columns, left + kTile);
    const std::ptrdiff_t bottom = std::min(rows, top + kTile);
    for (std::ptrdiff_t x = left; x < right; ++x) {
      for (std::ptrdiff_t y = top; y < bottom; ++y) {
        out[start + x * per_column + y * per_row] = pixels[y * columns + x];
      }
    }
  };
  for (std::ptrdiff_t top = 0; top < rows; top += kTile) {
    for (std::ptrdiff_t left = 0; left < columns; left += kTile) turn_tile(top, left);
  }
}

}  // namespace headrace
