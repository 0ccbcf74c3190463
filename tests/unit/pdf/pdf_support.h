#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
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
  std::vector<std::uint8_t> pixels;
};

inline std::uint32_t PngNumber(const std::string& file, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4; ++i)
    number = number << 8 | static_cast<std::uint8_t>(file.at(at + i));
  return number;
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
    ASSERT_EQ(raw[y * (row + 1)], 2) << "the Up filter";
    for (std::size_t x = 0; x < row; ++x) {
      const unsigned up = y == 0 ? 0U : image.pixels[(y - 1) * row + x];
      image.pixels[y * row + x] = static_cast<std::uint8_t>(raw[y * (row + 1) + 1 + x] + up);
    }
  }
}

// 8 bits, one IDAT; checks every CRC.
inline PngImage DecodePng(const std::string& file) {
  PngImage image;
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
      image.channels = file[data + 9] == 0 ? 1 : 3;
    }
    if (type == "pHYs") image.per_metre = PngNumber(file, data);
    if (type == "IDAT") UnfilterPng(file.substr(data, length), image);
    at = data + length + 4;
  }
  return image;
}

}  // namespace headrace
