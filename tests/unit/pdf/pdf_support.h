#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

// What the tests of this folder share: files and a reader for the PNGs that the encoder writes.
namespace headrace {

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return {};
  std::string data(static_cast<std::size_t>(in.tellg()), '\0');
  in.seekg(0);
  in.read(data.data(), static_cast<std::streamsize>(data.size()));
  return data;
}

struct PngImage {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::size_t channels = 0;
  std::uint32_t per_metre = 0;
  std::set<int> filters;  // that were met
  std::vector<std::uint8_t> pixels;
};

inline std::uint32_t PngNumber(const std::string& file, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i)
    number = number << 8 | static_cast<std::uint8_t>(file.at(at + i));
  return number;
}

inline int PaethOf(int left, int up, int corner) {
  const int to_left = std::abs(up - corner);
  const int to_up = std::abs(left - corner);
  const int to_corner = std::abs(left + up - 2 * corner);
  if (to_left <= to_up && to_left <= to_corner) return left;
  return to_up <= to_corner ? up : corner;
}

inline int PredictionOf(int filter, int left, int up, int corner) {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) / 2;
    case 4:
      return PaethOf(left, up, corner);
    default:
      ADD_FAILURE() << "filter " << filter;
      return 0;
  }
}

inline void UnfilterPng(const std::string& deflated, PngImage& image) {
  const std::size_t row = image.width * image.channels;
  std::vector<std::uint8_t> raw((row + 1) * image.height);
  uLongf length = raw.size();
  ASSERT_EQ(uncompress(raw.data(), &length, reinterpret_cast<const Bytef*>(deflated.data()),
                       deflated.size()),
            Z_OK);
  ASSERT_EQ(length, raw.size());
  image.pixels.resize(row * image.height);
  for (std::size_t y = 0; y < image.height; ++y) {
    const int filter = raw[y * (row + 1)];
    image.filters.insert(filter);
    for (std::size_t x = 0; x < row; ++x) {
      const bool first = x < image.channels;
      const std::size_t at = y * row + x;
      const int left = first ? 0 : image.pixels[at - image.channels];
      const int up = y == 0 ? 0 : image.pixels[at - row];
      const int corner = first || y == 0 ? 0 : image.pixels[at - row - image.channels];
      image.pixels[at] = static_cast<std::uint8_t>(raw[y * (row + 1) + 1 + x] +
                                                   PredictionOf(filter, left, up, corner));
    }
  }
}

inline std::size_t ChannelsOf(char colour_type) {
  if (colour_type == 0) return 1;
  return colour_type == 2 ? 3 : 4;
}

// 8 bits; checks every CRC.
inline PngImage DecodePng(const std::string& file) {
  PngImage image;
  std::string deflated;
  for (std::size_t at = 8; at + 12 <= file.size();) {
    const std::size_t length = PngNumber(file, at);
    const std::string type = file.substr(at + 4, 4);
    const std::size_t data = at + 8;
    EXPECT_EQ(crc32(0, reinterpret_cast<const Bytef*>(file.data() + at + 4),
                    static_cast<uInt>(length + 4)),
              PngNumber(file, data + length));
    if (type == "IHDR") {
      image.width = PngNumber(file, data);
      image.height = PngNumber(file, data + 4);
      image.channels = ChannelsOf(file[data + 9]);
    }
    if (type == "pHYs") image.per_metre = PngNumber(file, data);
    if (type == "IDAT") deflated += file.substr(data, length);
    at = data + length + 4;
  }
  UnfilterPng(deflated, image);
  return image;
}

}  // namespace headrace
