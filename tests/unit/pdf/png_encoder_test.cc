#include "handler/pdf/png_encoder.h"

#include <gmock/gmock.h>
#include <zlib.h>

#include <random>

namespace headrace {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::uint32_t Number(const Bytes& file, std::size_t at) {
  return std::uint32_t{file[at]} << 24 | std::uint32_t{file[at + 1]} << 16 |
         std::uint32_t{file[at + 2]} << 8 | file[at + 3];
}

struct Decoded {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  int channels = 0;
  std::uint32_t per_metre = 0;
  Bytes pixels;
};

Bytes Inflate(const std::uint8_t* data, std::size_t size, std::size_t expected) {
  Bytes out(expected);
  uLongf length = expected;
  EXPECT_EQ(uncompress(out.data(), &length, data, size), Z_OK);
  EXPECT_EQ(length, expected);
  return out;
}

// A reader for what the encoder writes: 8 bits, one IDAT, Up filter; checks every CRC.
Decoded Decode(const Bytes& file) {
  Decoded image;
  for (std::size_t at = 8; at < file.size();) {
    const std::size_t length = Number(file, at);
    const std::string type(file.begin() + static_cast<long>(at) + 4,
                           file.begin() + static_cast<long>(at) + 8);
    const std::size_t data = at + 8;
    EXPECT_EQ(crc32(0, file.data() + at + 4, static_cast<uInt>(length + 4)),
              Number(file, data + length));
    if (type == "IHDR") {
      image.width = Number(file, data);
      image.height = Number(file, data + 4);
      image.channels = file[data + 9] == 0 ? 1 : 3;
    }
    if (type == "pHYs") image.per_metre = Number(file, data);
    if (type == "IDAT") {
      const std::size_t row = std::size_t{image.width} * static_cast<std::size_t>(image.channels);
      const Bytes raw = Inflate(file.data() + data, length, (row + 1) * image.height);
      for (std::size_t y = 0; y < image.height; ++y) {
        EXPECT_EQ(raw[y * (row + 1)], 2);
        for (std::size_t x = 0; x < row; ++x) {
          const std::uint8_t up = y == 0 ? std::uint8_t{0} : image.pixels[(y - 1) * row + x];
          image.pixels.push_back(static_cast<std::uint8_t>(raw[y * (row + 1) + 1 + x] + up));
        }
      }
    }
    at = data + length + 4;
  }
  return image;
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
  const Decoded image =
      Decode(encoder.Encode({reinterpret_cast<const std::byte*>(bgra.data()), width, height, 144}));
  ASSERT_EQ(image.width, static_cast<std::uint32_t>(width));
  ASSERT_EQ(image.height, static_cast<std::uint32_t>(height));
  ASSERT_EQ(image.channels, gray ? 1 : 3);
  EXPECT_EQ(image.per_metre, 5669U);
  for (std::size_t i = 0; i < bgra.size() / 4; ++i) {
    for (std::size_t c = 0; c < static_cast<std::size_t>(image.channels); ++c) {
      ASSERT_EQ(image.pixels[i * static_cast<std::size_t>(image.channels) + c],
                bgra[4 * i + 2 - c]);
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
  (void)encoder.Encode({reinterpret_cast<const std::byte*>(first.data()), 64, 64, 72});
  const Decoded image =
      Decode(encoder.Encode({reinterpret_cast<const std::byte*>(second.data()), 8, 8, 72}));
  EXPECT_EQ(image.pixels.size(), 64U);
}

}  // namespace
}  // namespace headrace
