#include "handler/pdf/png_file.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace headrace {
namespace {

constexpr std::uint8_t kSignature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
constexpr double kInchesPerMetre = 39.37007874;
// A chunk's length has 31 bits: no chunk comes near that.
constexpr std::size_t kLongChunk = std::size_t{1} << 30;

void WriteNumber(std::uint32_t number, std::uint8_t* to) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
}

std::uint8_t ColourType(Pixels pixels) {
  switch (pixels) {
    case Pixels::kGray:
      return 0;
    case Pixels::kColour:
      return 2;
    case Pixels::kColourOrNone:
      break;
  }
  return 6;
}

}  // namespace

void PngFile::Begin(const ImageSpec& spec) {
  size_ = 0;
  Append(kSignature, sizeof(kSignature));
  BeginChunk("IHDR");
  AppendNumber(static_cast<std::uint32_t>(spec.width));
  AppendNumber(static_cast<std::uint32_t>(spec.height));
  const std::uint8_t format[] = {8, ColourType(spec.pixels), 0, 0, 0};
  Append(format, sizeof(format));
  EndChunk();
  BeginChunk("pHYs");
  const auto per_metre =
      static_cast<std::uint32_t>(std::lround(std::clamp(spec.dpi * kInchesPerMetre, 1.0, 2e9)));
  AppendNumber(per_metre);
  AppendNumber(per_metre);
  Append("\x01", 1);  // the unit is the metre
  EndChunk();
  BeginChunk("IDAT");
}

std::span<std::uint8_t> PngFile::Room(std::size_t least) {
  if (file_.size() - size_ < least) file_.resize(std::max(file_.size() * 3 / 2, size_) + least);
  return std::span(file_).subspan(size_);
}

void PngFile::Commit(std::size_t size) {
  size_ += size;
  if (size_ - chunk_ < kLongChunk) return;
  EndChunk();
  BeginChunk("IDAT");
}

std::span<const std::byte> PngFile::Finish() {
  EndChunk();
  BeginChunk("IEND");
  EndChunk();
  return std::as_bytes(std::span(file_).first(size_));
}

void PngFile::Append(const void* bytes, std::size_t size) {
  if (size_ + size > file_.size()) file_.resize(size_ + size);
  std::memcpy(file_.data() + size_, bytes, size);
  size_ += size;
}

void PngFile::AppendNumber(std::uint32_t number) {
  std::uint8_t bytes[4];
  WriteNumber(number, bytes);
  Append(bytes, sizeof(bytes));
}

void PngFile::BeginChunk(const char* type) {
  chunk_ = size_;
  AppendNumber(0);  // the length, once it is known
  Append(type, 4);
}

void PngFile::EndChunk() {
  const std::size_t data = size_ - chunk_ - 8;
  WriteNumber(static_cast<std::uint32_t>(data), file_.data() + chunk_);
  AppendNumber(crc32_gzip_refl(0, file_.data() + chunk_ + 4, data + 4));
}

}  // namespace headrace
