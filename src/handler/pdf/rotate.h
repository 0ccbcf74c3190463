#pragma once

#include <cstdint>

namespace headrace {

// Turns a picture of width x height pixels clockwise by quarter turns (1, 2 or 3) into `out`, which
// holds as many pixels and does not overlap. For 1 and 3 the result is height x width.
void Rotate(const std::uint32_t* pixels, int width, int height, int quarter_turns,
            std::uint32_t* out);

}  // namespace headrace
