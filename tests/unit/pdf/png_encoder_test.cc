#include "handler/pdf/png_encoder.h"

#include <gmock/gmock.h>

#include <random>

#include "pdf_support.h"

namespace headrace {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::string Encode(PngEncoder& encoder, const Bytes& bgra, int width, int height, double dpi) {
  const auto file =
      encoder.Encode({reinterpret_cast<const std::byte*>(bgra.data()), width, height, dpi});
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

// BGRA noise; gray noise has R = G = B.
Bytes Noise(int width, int height, bool gray, unsigned seed) {
  std::mt19937 random(seed);
  Bytes pixels;
  for (int i = 0; i < width * height; ++i) {
    const auto value = static_cast<std::uint32_t>(random());
    const auto b = static_cast<std::uint8_t>(value);
    const auto g = gray ? b : static_cast<std::uint8_t>(value >> 8);
    const auto r = gray ? b : static_cast<std::uint8_t>(value >> 16);
    pixels.insert(pixels.end(), {b, g, r, 255});
  }
  return pixels;
}

void ExpectRoundTrip(int width, int height, bool gray) {
  const Bytes bgra = Noise(width, height, gray, static_cast<unsigned>(width * 31 + height));
  PngEncoder encoder;
  const PngImage image = DecodePng(Encode(encoder, bgra, width, height, 144));
  ASSERT_EQ(image.width, static_cast<std::uint32_t>(width));
  ASSERT_EQ(image.height, static_cast<std::uint32_t>(height));
  ASSERT_EQ(image.channels, gray ? 1U : 3U);
  EXPECT_EQ(image.per_metre, 5669U);
  for (std::size_t i = 0; i < bgra.size() / 4; ++i) {
    for (std::size_t c = 0; c < image.channels; ++c) {
      ASSERT_EQ(image.pixels[i * image.channels + c], bgra[4 * i + 2 - c]);
    }
  }
}

TEST(PngEncoder, KeepsEveryPixelInColour) {
  ExpectRoundTrip(1, 1, false);
  ExpectRoundTrip(37, 19, false);
  ExpectRoundTrip(640, 300, false);
}

TEST(PngEncoder, WritesGrayPagesWithOneChannel) {
  ExpectRoundTrip(1, 3, true);
  ExpectRoundTrip(501, 77, true);
}

TEST(PngEncoder, GrowsForNoiseThatDoesNotCompressInOneStrip) { ExpectRoundTrip(3000, 60, false); }

TEST(PngEncoder, IsReusedForAnotherPage) {
  PngEncoder encoder;
  const Bytes first = Noise(64, 64, false, 1);
  const Bytes second = Noise(8, 8, true, 2);
  (void)Encode(encoder, first, 64, 64, 72);
  const PngImage image = DecodePng(Encode(encoder, second, 8, 8, 72));
  EXPECT_EQ(image.pixels.size(), 64U);
}

}  // namespace
}  // namespace headrace
