#include "handler/pdf/rotate.h"

#include <algorithm>
#include <cstddef>

namespace headrace {
namespace {

// Pixels of one side of the squares that are turned at once: both rows and columns stay in the
// cache.
constexpr std::ptrdiff_t kTile = 32;

// Pixel (x, y) goes to start + x * per_column + y * per_row.
struct Placement {
  std::ptrdiff_t stride;  // of the source
  std::ptrdiff_t start;
  std::ptrdiff_t per_column;
  std::ptrdiff_t per_row;
};

struct Span {
  std::ptrdiff_t begin;
  std::ptrdiff_t end;
};

void TurnTile(const std::uint32_t* pixels, Span columns, Span rows, const Placement& to,
              std::uint32_t* out) {
  for (std::ptrdiff_t x = columns.begin; x < columns.end; ++x) {
    for (std::ptrdiff_t y = rows.begin; y < rows.end; ++y) {
      out[to.start + x * to.per_column + y * to.per_row] = pixels[y * to.stride + x];
    }
  }
}

}  // namespace

void Rotate(const std::uint32_t* pixels, int width, int height, int quarter_turns,
            std::uint32_t* out) {
  const std::ptrdiff_t columns = width;
  const std::ptrdiff_t rows = height;
  if (quarter_turns == 2) {
    std::reverse_copy(pixels, pixels + columns * rows, out);
    return;
  }
  const Placement to = quarter_turns == 1 ? Placement{columns, rows - 1, rows, -1}
                                          : Placement{columns, (columns - 1) * rows, -rows, 1};
  for (std::ptrdiff_t top = 0; top < rows; top += kTile) {
    const Span tile_rows{top, std::min(rows, top + kTile)};
    for (std::ptrdiff_t left = 0; left < columns; left += kTile) {
      const Span tile_columns{left, std::min(columns, left + kTile)};
      TurnTile(pixels, tile_columns, tile_rows, to, out);
    }
  }
}

}  // namespace headrace
