#include "handler/pdf/png_encoder.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>
#include <set>
#include <span>

#include "pdf_support.h"

namespace headrace {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::string Encode(PngEncoder& encoder, const Bytes& bgra, const ImageSpec& spec,
                   std::size_t rows_at_once = 1'000'000) {
  encoder.Begin(spec);
  std::span<const std::byte> rest = std::as_bytes(std::span(bgra));
  const std::size_t step = std::size_t{4} * static_cast<std::size_t>(spec.width) * rows_at_once;
  while (!rest.empty()) {
    const auto rows = rest.first(std::min(step, rest.size()));
    encoder.AddRows(rows);
    rest = rest.subspan(rows.size());
  }
  const auto file = encoder.Finish();
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

// What a decoder must give back, sample by sample.
Bytes SamplesOf(const Bytes& bgra, std::size_t channels) {
  Bytes samples;
  for (std::size_t i = 0; i < bgra.size(); i += 4) {
    for (std::size_t c = 0; c < channels; ++c) {
      samples.push_back(c == 3 ? bgra[i + 3] : bgra[i + 2 - c]);
    }
  }
  return samples;
}

void ExpectRoundTrip(const ImageSpec& spec, std::size_t channels, std::size_t rows_at_once) {
  const Bytes bgra = Noise(spec.width, spec.height, channels == 1,
                           static_cast<unsigned>(spec.width * 31 + spec.height));
  PngEncoder encoder;
  const PngImage image = DecodePng(Encode(encoder, bgra, spec, rows_at_once));
  ASSERT_EQ(image.width, static_cast<std::uint32_t>(spec.width));
  ASSERT_EQ(image.height, static_cast<std::uint32_t>(spec.height));
  ASSERT_EQ(image.channels, channels);
  EXPECT_EQ(image.per_metre, 5669U);
  EXPECT_TRUE(image.pixels == SamplesOf(bgra, channels));
}

struct Case {
  Pixels pixels;
  std::size_t channels;
  Compression compression;
};

class PngEncoderOf : public testing::TestWithParam<Case> {
 protected:
  [[nodiscard]] ImageSpec Spec(int width, int height) const {
    return {width, height, 144, GetParam().pixels, GetParam().compression};
  }
  void Expect(int width, int height, std::size_t rows_at_once = 1'000'000) const {
    ExpectRoundTrip(Spec(width, height), GetParam().channels, rows_at_once);
  }
};

TEST_P(PngEncoderOf, KeepsEveryPixel) {
  Expect(1, 1);
  Expect(37, 19);
  Expect(640, 300);
}

TEST_P(PngEncoderOf, GrowsForNoiseThatDoesNotCompressInOneStrip) { Expect(3000, 60); }

TEST_P(PngEncoderOf, TakesRowsInAnyPortions) {
  Expect(201, 61, 1);
  Expect(201, 61, 7);
}

TEST_P(PngEncoderOf, IsReusedForAnotherPictureAfterOneThatWasNotFinished) {
  PngEncoder encoder;
  encoder.Begin(Spec(64, 64));
  const Bytes first = Noise(64, 10, GetParam().channels == 1, 1);
  encoder.AddRows(std::as_bytes(std::span(first)));
  const Bytes second = Noise(8, 8, GetParam().channels == 1, 2);
  const PngImage image = DecodePng(Encode(encoder, second, Spec(8, 8)));
  EXPECT_TRUE(image.pixels == SamplesOf(second, GetParam().channels));
}

INSTANTIATE_TEST_SUITE_P(All, PngEncoderOf,
                         testing::Values(Case{Pixels::kGray, 1, Compression::kFast},
                                         Case{Pixels::kColour, 3, Compression::kFast},
                                         Case{Pixels::kColourOrNone, 4, Compression::kFast},
                                         Case{Pixels::kGray, 1, Compression::kSmall},
                                         Case{Pixels::kColour, 3, Compression::kSmall},
                                         Case{Pixels::kColourOrNone, 4, Compression::kSmall}));

// A slope to the right and down with some noise: each filter is best somewhere.
Bytes Slopes(int width, int height) {
  std::mt19937 random(9);
  Bytes pixels;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int kind = y / 8 % 4;
      const auto noise = static_cast<int>(random() % 256);
      const int value = kind == 0   ? x
                        : kind == 1 ? 3 * y + noise * (x % 2)
                        : kind == 2 ? x + y
                                    : noise;
      const auto byte = static_cast<std::uint8_t>(value);
      pixels.insert(pixels.end(), {byte, static_cast<std::uint8_t>(byte + 40), byte, 255});
    }
  }
  return pixels;
}

TEST(PngEncoder, ChoosesFiltersRowByRowWhereFilesAreToBeSmall) {
  const Bytes bgra = Slopes(300, 64);
  PngEncoder encoder;
  const ImageSpec small{300, 64, 72, Pixels::kColour, Compression::kSmall};
  const std::string file = Encode(encoder, bgra, small);
  const PngImage image = DecodePng(file);
  EXPECT_TRUE(image.pixels == SamplesOf(bgra, 3));
  EXPECT_GT(image.filters.size(), 2U);
  ImageSpec fast = small;
  fast.compression = Compression::kFast;
  const std::string quick = Encode(encoder, bgra, fast);
  EXPECT_EQ(DecodePng(quick).filters, std::set<int>{2});
  EXPECT_LT(file.size(), quick.size() * 9 / 10);
}

TEST(PngEncoder, StreamsASmallPictureThatIsTooLargeToBeKept) {
  const Bytes bgra = Slopes(300, 64);
  PngEncoder encoder(10'000);
  const ImageSpec small{300, 64, 72, Pixels::kColour, Compression::kSmall};
  const std::string file = Encode(encoder, bgra, small, 5);
  EXPECT_TRUE(DecodePng(file).pixels == SamplesOf(bgra, 3));
  PngEncoder whole;
  EXPECT_NEAR(static_cast<double>(file.size()),
              static_cast<double>(Encode(whole, bgra, small).size()),
              static_cast<double>(file.size()) / 10);
}

TEST(PngEncoder, FindsTheOnePixelThatIsNotGray) {
  Bytes bgra = Noise(300, 300, true, 4);
  EXPECT_TRUE(IsGray(std::as_bytes(std::span(bgra))));
  bgra[bgra.size() - 4] ^= 1U;
  EXPECT_FALSE(IsGray(std::as_bytes(std::span(bgra))));
}

}  // namespace
}  // namespace headrace
