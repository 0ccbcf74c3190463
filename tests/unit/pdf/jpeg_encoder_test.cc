#include "handler/pdf/jpeg_encoder.h"

#include <gmock/gmock.h>
#include <turbojpeg.h>

#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace headrace {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes Slope(int width, int height) {
  Bytes pixels;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const auto b = static_cast<std::uint8_t>(x);
      const auto g = static_cast<std::uint8_t>(y);
      pixels.insert(pixels.end(), {b, g, static_cast<std::uint8_t>((x + y) / 2), 255});
    }
  }
  return pixels;
}

std::string Encode(JpegEncoder& encoder, const Bytes& bgra, const ImageSpec& spec,
                   std::size_t rows_at_once) {
  encoder.Begin(spec);
  auto rest = std::as_bytes(std::span(bgra));
  const std::size_t step = std::size_t{4} * static_cast<std::size_t>(spec.width) * rows_at_once;
  while (!rest.empty()) {
    const auto rows = rest.first(std::min(step, rest.size()));
    encoder.AddRows(rows);
    rest = rest.subspan(rows.size());
  }
  const auto file = encoder.Finish();
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

// The file as BGRA.
Bytes Decode(const std::string& file, int width, int height) {
  Bytes pixels(std::size_t{4} * static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  tjhandle decoder = tjInitDecompress();
  EXPECT_EQ(tjDecompress2(decoder, reinterpret_cast<const unsigned char*>(file.data()), file.size(),
                          pixels.data(), width, 0, height, TJPF_BGRA, 0),
            0)
      << tjGetErrorStr2(decoder);
  tjDestroy(decoder);
  return pixels;
}

double MeanDifference(const Bytes& a, const Bytes& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

TEST(JpegEncoder, LooksLikeWhatWasGiven) {
  JpegEncoder encoder;
  const Bytes bgra = Slope(250, 130);
  const std::string file = Encode(encoder, bgra, {250, 130, 72, Pixels::kColour}, 1000);
  EXPECT_LT(MeanDifference(Decode(file, 250, 130), bgra), 3);
}

TEST(JpegEncoder, MakesTheSameFileOfRowsInAnyPortions) {
  JpegEncoder encoder;
  const Bytes bgra = Slope(250, 130);
  for (const Pixels pixels : {Pixels::kColour, Pixels::kGray}) {
    const ImageSpec spec{250, 130, 72, pixels};
    const std::string whole = Encode(encoder, bgra, spec, 1000);
    EXPECT_TRUE(Encode(encoder, bgra, spec, 1) == whole);
    EXPECT_TRUE(Encode(encoder, bgra, spec, 37) == whole);
  }
}

TEST(JpegEncoder, IsReusedAfterAPictureThatWasNotFinished) {
  JpegEncoder encoder;
  const Bytes bgra = Slope(64, 64);
  const std::string first = Encode(encoder, bgra, {64, 64}, 64);
  encoder.Begin({500, 500});
  EXPECT_TRUE(Encode(encoder, bgra, {64, 64}, 64) == first);
}

TEST(JpegEncoder, ABetterQualityIsALargerFile) {
  JpegEncoder encoder;
  const Bytes bgra = Slope(64, 64);
  ImageSpec spec{64, 64};
  spec.quality = 20;
  const std::size_t poor = Encode(encoder, bgra, spec, 64).size();
  spec.quality = 98;
  EXPECT_GT(Encode(encoder, bgra, spec, 64).size(), poor);
}

TEST(JpegEncoder, ThrowsWhatItsLibraryRefusesAndWorksOn) {
  JpegEncoder encoder;
  EXPECT_THROW(encoder.Begin({70'000, 10}), std::runtime_error);
  encoder.Begin({64, 64});
  EXPECT_THROW(encoder.Finish(), std::runtime_error) << "no row was given";
  const Bytes bgra = Slope(64, 64);
  EXPECT_LT(MeanDifference(Decode(Encode(encoder, bgra, {64, 64}, 64), 64, 64), bgra), 3);
}

}  // namespace
}  // namespace headrace
