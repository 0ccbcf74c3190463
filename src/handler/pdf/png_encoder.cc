#include "handler/pdf/png_encoder.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace headrace {
namespace {

constexpr std::uint8_t kSignature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
constexpr std::uint8_t kUpFilter = 2;
constexpr std::uint8_t kGrayscale = 0;
constexpr std::uint8_t kTruecolour = 2;
constexpr int kDeflateLevel = 2;
constexpr double kInchesPerMetre = 39.37007874;
constexpr std::size_t kStrip = std::size_t{128}
                               << 10;  // bytes filtered at once: they stay in the cache

void WriteNumber(std::uint32_t number, std::uint8_t* to) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
}

const std::uint8_t* Row(const Raster& raster, int y) {
  return reinterpret_cast<const std::uint8_t*>(raster.bgra) +
         static_cast<std::size_t>(y) * static_cast<std::size_t>(raster.width) * 4;
}

std::uint32_t Load(const std::uint8_t* bytes) {
  std::uint32_t value = 0;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

// Whether all pixels have R = G = B.
bool IsGray(const Raster& raster) {
  const auto width = static_cast<std::size_t>(raster.width);
  for (int y = 0; y < raster.height; ++y) {
    const std::uint8_t* const row = Row(raster, y);
    std::uint32_t differences = 0;
    for (std::size_t x = 0; x < width; ++x) {
      const std::uint32_t pixel = Load(row + 4 * x);
      differences |= (pixel ^ (pixel >> 8)) & 0xFFFFU;  // B against G, G against R
    }
    if (differences != 0) return false;
  }
  return true;
}

// The differences to the row above (Up filter), as gray bytes.
void FilterGray(const std::uint8_t* row, const std::uint8_t* above, std::size_t width,
                std::uint8_t* out) {
  for (std::size_t x = 0; x < width; ++x) {
    const auto up = static_cast<unsigned>(above != nullptr ? above[4 * x] : 0);
    out[x] = static_cast<std::uint8_t>(row[4 * x] - up);
  }
}

// The same as RGB. Each pixel is stored as four bytes, the fourth is overwritten by the next one:
// `out` has room for one byte more than the row.
void FilterColour(const std::uint8_t* row, const std::uint8_t* above, std::size_t width,
                  std::uint8_t* out) {
  for (std::size_t x = 0; x < width; ++x) {
    const std::uint32_t now = Load(row + 4 * x);
    const std::uint32_t up = above != nullptr ? Load(above + 4 * x) : 0;
    // Bytes subtracted within one word: the top bits are kept from borrowing.
    const std::uint32_t difference =
        ((now | 0x80808080U) - (up & 0x7F7F7F7FU)) ^ ((now ^ ~up) & 0x80808080U);
    const std::uint32_t rgb = __builtin_bswap32(difference) >> 8;  // B,G,R,A in memory -> R,G,B
    std::memcpy(out + 3 * x, &rgb, sizeof(rgb));
  }
}

}  // namespace

std::span<const std::byte> PngEncoder::Encode(const Raster& raster) {
  size_ = 0;
  const bool gray = IsGray(raster);
  AppendHeader(raster, gray);
  AppendPixels(raster, gray);
  const std::size_t end = size_;
  Append("\0\0\0\0IEND", 8);
  AppendCrc(end);
  return std::as_bytes(std::span(file_).first(size_));
}

void PngEncoder::Append(const void* bytes, std::size_t size) {
  if (size_ + size > file_.size()) file_.resize(size_ + size);
  std::memcpy(file_.data() + size_, bytes, size);
  size_ += size;
}

void PngEncoder::AppendNumber(std::uint32_t number) {
  std::uint8_t bytes[4];
  WriteNumber(number, bytes);
  Append(bytes, sizeof(bytes));
}

// Ends the chunk that begins at `chunk` with its length.
void PngEncoder::AppendCrc(std::size_t chunk) {
  AppendNumber(crc32_gzip_refl(0, file_.data() + chunk + 4, size_ - chunk - 4));
}

void PngEncoder::AppendHeader(const Raster& raster, bool gray) {
  Append(kSignature, sizeof(kSignature));
  const std::size_t header = size_;
  Append("\0\0\0\x0DIHDR", 8);
  AppendNumber(static_cast<std::uint32_t>(raster.width));
  AppendNumber(static_cast<std::uint32_t>(raster.height));
  const std::uint8_t format[] = {8, gray ? kGrayscale : kTruecolour, 0, 0, 0};
  Append(format, sizeof(format));
  AppendCrc(header);

  const std::size_t physical = size_;
  Append("\0\0\0\x09pHYs", 8);
  const auto per_metre =
      static_cast<std::uint32_t>(std::lround(std::clamp(raster.dpi * kInchesPerMetre, 1.0, 2e9)));
  AppendNumber(per_metre);
  AppendNumber(per_metre);
  Append("\x01", 1);  // the unit is the metre
  AppendCrc(physical);
}

void PngEncoder::AppendPixels(const Raster& raster, bool gray) {
  const auto width = static_cast<std::size_t>(raster.width);
  const std::size_t row_bytes = 1 + width * (gray ? 1 : 3);
  const int strip = static_cast<int>(std::max<std::size_t>(1, kStrip / row_bytes));
  rows_.resize(static_cast<std::size_t>(strip) * row_bytes + 1);
  level_buffer_.resize(ISAL_DEF_LVL2_DEFAULT);

  const std::size_t chunk = size_;
  Append("\0\0\0\0IDAT", 8);
  isal_zstream stream{};
  isal_deflate_init(&stream);
  stream.level = kDeflateLevel;
  stream.level_buf = level_buffer_.data();
  stream.level_buf_size = static_cast<std::uint32_t>(level_buffer_.size());
  stream.gzip_flag = IGZIP_ZLIB;
  for (int y = 0; y < raster.height;) {
    const int end = std::min(raster.height, y + strip);
    std::uint8_t* out = rows_.data();
    for (; y < end; ++y, out += row_bytes) {
      out[0] = kUpFilter;
      const std::uint8_t* const above = y == 0 ? nullptr : Row(raster, y - 1);
      (gray ? FilterGray : FilterColour)(Row(raster, y), above, width, out + 1);
    }
    stream.next_in = rows_.data();
    stream.avail_in = static_cast<std::uint32_t>(out - rows_.data());
    stream.end_of_stream = y == raster.height ? 1 : 0;
    Deflate(&stream);
  }
  WriteNumber(static_cast<std::uint32_t>(size_ - chunk - 8), file_.data() + chunk);
  AppendCrc(chunk);
}

// Takes all input of the stream; the file grows as needed and keeps its room for the next page.
void PngEncoder::Deflate(isal_zstream* stream) {
  bool more = true;
  while (more) {
    if (file_.size() - size_ < kStrip) file_.resize(file_.size() * 3 / 2 + kStrip);
    const auto room =
        static_cast<std::uint32_t>(std::min<std::size_t>(file_.size() - size_, 1U << 30));
    stream->next_out = file_.data() + size_;
    stream->avail_out = room;
    if (isal_deflate(stream) != COMP_OK) throw std::runtime_error("isal_deflate failed");
    size_ += room - stream->avail_out;
    more = stream->end_of_stream != 0 ? stream->internal_state.state != ZSTATE_END
                                      : stream->avail_out == 0;
  }
}

}  // namespace headrace
