#include "handler/pdf/png_filters.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

namespace headrace {
namespace {

constexpr std::uint8_t kUp = 2;
constexpr std::size_t kMostPerPixel = 4;

std::uint32_t Load(const std::uint8_t* bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

// Bytes subtracted within one word: the top bits are kept from borrowing.
std::uint32_t Subtract(std::uint32_t a, std::uint32_t b) {
  return ((a | 0x80808080U) - (b & 0x7F7F7F7FU)) ^ ((a ^ ~b) & 0x80808080U);
}

// B,G,R,A in memory -> R,G,B and rubbish
std::uint32_t ToRgb(std::uint32_t bgra) { return __builtin_bswap32(bgra) >> 8; }

// B,G,R,A in memory -> R,G,B,A
std::uint32_t ToRgba(std::uint32_t bgra) { return ToRgb(bgra) | (bgra & 0xFF000000U); }

void UpGray(const std::uint8_t* row, const std::uint8_t* above, std::size_t width,
            std::uint8_t* out) {
  for (std::size_t x = 0; x < width; ++x) {
    out[x] = static_cast<std::uint8_t>(row[4 * x] - above[4 * x]);
  }
}

void UpColour(const std::uint8_t* row, const std::uint8_t* above, std::size_t width,
              std::uint8_t* out) {
  for (std::size_t x = 0; x < width; ++x) {
    const std::uint32_t rgb = ToRgb(Subtract(Load(row + 4 * x), Load(above + 4 * x)));
    std::memcpy(out + 3 * x, &rgb, sizeof(rgb));
  }
}

void UpColourOrNone(const std::uint8_t* row, const std::uint8_t* above, std::size_t width,
                    std::uint8_t* out) {
  for (std::size_t x = 0; x < width; ++x) {
    const std::uint32_t rgba = ToRgba(Subtract(Load(row + 4 * x), Load(above + 4 * x)));
    std::memcpy(out + 4 * x, &rgba, sizeof(rgba));
  }
}

// The samples of a row in the PNG's order. `out` has room for one byte more.
void Pack(std::span<const std::uint8_t> bgra, Pixels pixels, std::uint8_t* out) {
  const std::size_t width = bgra.size() / 4;
  const std::uint8_t* const row = bgra.data();
  switch (pixels) {
    case Pixels::kGray:
      for (std::size_t x = 0; x < width; ++x) out[x] = row[4 * x];
      return;
    case Pixels::kColour:
      for (std::size_t x = 0; x < width; ++x) {
        const std::uint32_t rgb = ToRgb(Load(row + 4 * x));
        std::memcpy(out + 3 * x, &rgb, sizeof(rgb));
      }
      return;
    case Pixels::kColourOrNone:
      for (std::size_t x = 0; x < width; ++x) {
        const std::uint32_t rgba = ToRgba(Load(row + 4 * x));
        std::memcpy(out + 4 * x, &rgba, sizeof(rgba));
      }
      return;
  }
}

// What a filter predicts a sample to be, of its neighbours to the left, above, and above left.
struct None {
  static int Predict(int /*left*/, int /*up*/, int /*corner*/) { return 0; }
};
struct Sub {
  static int Predict(int left, int /*up*/, int /*corner*/) { return left; }
};
struct Up {
  static int Predict(int /*left*/, int up, int /*corner*/) { return up; }
};
struct Average {
  static int Predict(int left, int up, int /*corner*/) { return (left + up) / 2; }
};
struct Paeth {
  static int Predict(int left, int up, int corner) {
    const int to_left = std::abs(up - corner);
    const int to_up = std::abs(left - corner);
    const int to_corner = std::abs(left + up - 2 * corner);
    const int of_above = to_up <= to_corner ? up : corner;
    return to_left <= to_up && to_left <= to_corner ? left : of_above;
  }
};

struct Samples {
  const std::uint8_t* row;
  const std::uint8_t* above;
  std::size_t bytes;
  std::size_t per_pixel;  // so many zeros stand before both
};

// Writes the differences; returns the sum of their sizes.
template <class Kind>
std::uint64_t Try(const Samples& samples, std::uint8_t* out) {
  const std::uint8_t* const row = samples.row;
  const std::uint8_t* const above = samples.above;
  const std::uint8_t* const left = row - samples.per_pixel;
  const std::uint8_t* const corner = above - samples.per_pixel;
  std::uint32_t sum = 0;  // a row has at most 4 * 65,535 bytes
  for (std::size_t i = 0; i < samples.bytes; ++i) {
    const auto difference =
        static_cast<std::uint8_t>(row[i] - Kind::Predict(left[i], above[i], corner[i]));
    out[i] = difference;
    sum += std::min<std::uint32_t>(difference, 256U - difference);
  }
  return sum;
}

using Trial = std::uint64_t (*)(const Samples& samples, std::uint8_t* out);

// By their numbers in the standard.
constexpr std::array<Trial, 5> kTrials{&Try<None>, &Try<Sub>, &Try<Up>, &Try<Average>, &Try<Paeth>};

}  // namespace

std::size_t BytesPerPixel(Pixels pixels) {
  switch (pixels) {
    case Pixels::kGray:
      return 1;
    case Pixels::kColour:
      return 3;
    case Pixels::kColourOrNone:
      break;
  }
  return 4;
}

void FilterUp(std::span<const std::uint8_t> row, std::span<const std::uint8_t> above, Pixels pixels,
              std::uint8_t* out) {
  *out++ = kUp;
  switch (pixels) {
    case Pixels::kGray:
      return UpGray(row.data(), above.data(), row.size() / 4, out);
    case Pixels::kColour:
      return UpColour(row.data(), above.data(), row.size() / 4, out);
    case Pixels::kColourOrNone:
      return UpColourOrNone(row.data(), above.data(), row.size() / 4, out);
  }
}

void AdaptiveFilter::Begin(std::size_t width, Pixels pixels) {
  pixels_ = pixels;
  per_pixel_ = BytesPerPixel(pixels);
  bytes_ = width * per_pixel_;
  row_.assign(kMostPerPixel + bytes_ + 1, 0);
  above_.assign(kMostPerPixel + bytes_ + 1, 0);
  tried_.resize(1 + bytes_);
  best_.resize(1 + bytes_);
}

std::span<const std::uint8_t> AdaptiveFilter::Filter(std::span<const std::uint8_t> bgra) {
  Pack(bgra, pixels_, row_.data() + kMostPerPixel);
  const Samples samples{row_.data() + kMostPerPixel, above_.data() + kMostPerPixel, bytes_,
                        per_pixel_};
  std::uint64_t least = UINT64_MAX;
  for (std::size_t number = 0; number < kTrials.size(); ++number) {
    const std::uint64_t sum = kTrials[number](samples, tried_.data() + 1);
    if (sum >= least) continue;
    least = sum;
    tried_[0] = static_cast<std::uint8_t>(number);
    best_.swap(tried_);
  }
  row_.swap(above_);
  return best_;
}

}  // namespace headrace
