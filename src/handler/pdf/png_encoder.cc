#include "handler/pdf/png_encoder.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <stdexcept>

namespace headrace {
namespace {

constexpr std::uint8_t kSignature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
constexpr std::uint8_t kUpFilter = 2;
constexpr std::uint8_t kGrayscale = 0;
constexpr std::uint8_t kTruecolour = 2;
constexpr int kDeflateLevel = 2;
constexpr double kInchesPerMetre = 39.37007874;
constexpr std::size_t kStrip = 128 * 1024;  // bytes filtered at once: they stay in the cache

void PutNumber(std::vector<std::uint8_t>& out, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(number >> shift));
  }
}

std::uint32_t Crc(const std::uint8_t* data, std::size_t size) {
  return crc32_gzip_refl(0, data, size);
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

const std::vector<std::uint8_t>& PngEncoder::Encode(const Raster& raster) {
  const bool gray = IsGray(raster);
  Begin(raster, gray);
  Deflate(raster, gray);
  Chunk("IEND", {});
  return file_;
}

void PngEncoder::Begin(const Raster& raster, bool gray) {
  file_.assign(std::begin(kSignature), std::end(kSignature));
  std::vector<std::uint8_t> header;
  PutNumber(header, static_cast<std::uint32_t>(raster.width));
  PutNumber(header, static_cast<std::uint32_t>(raster.height));
  header.insert(header.end(), {8, gray ? kGrayscale : kTruecolour, 0, 0, 0});
  Chunk("IHDR", header);
  std::vector<std::uint8_t> physical;
  const auto per_metre = static_cast<std::uint32_t>(std::lround(raster.dpi * kInchesPerMetre));
  PutNumber(physical, per_metre);
  PutNumber(physical, per_metre);
  physical.push_back(1);  // the unit is the metre
  Chunk("pHYs", physical);
}

void PngEncoder::Chunk(const char* type, const std::vector<std::uint8_t>& data) {
  PutNumber(file_, static_cast<std::uint32_t>(data.size()));
  const std::size_t start = file_.size();
  file_.insert(file_.end(), type, type + 4);
  file_.insert(file_.end(), data.begin(), data.end());
  PutNumber(file_, Crc(file_.data() + start, file_.size() - start));
}

void PngEncoder::Deflate(const Raster& raster, bool gray) {
  const auto width = static_cast<std::size_t>(raster.width);
  const std::size_t row_bytes = 1 + width * (gray ? 1 : 3);
  const auto height = static_cast<std::size_t>(raster.height);
  const std::size_t rows_per_strip = std::max<std::size_t>(1, kStrip / row_bytes);
  rows_.resize(rows_per_strip * row_bytes + 1);
  level_buffer_.resize(ISAL_DEF_LVL2_DEFAULT);

  const std::size_t chunk = file_.size();
  file_.insert(file_.end(), {0, 0, 0, 0, 'I', 'D', 'A', 'T'});
  const std::size_t data = file_.size();
  file_.resize(data + row_bytes * height / 8 + 4096);  // grows where a page compresses badly

  isal_zstream stream;
  isal_deflate_init(&stream);
  stream.level = kDeflateLevel;
  stream.level_buf = level_buffer_.data();
  stream.level_buf_size = static_cast<std::uint32_t>(level_buffer_.size());
  stream.gzip_flag = IGZIP_ZLIB;
  stream.next_out = file_.data() + data;
  stream.avail_out = static_cast<std::uint32_t>(file_.size() - data);

  for (std::size_t y = 0; y < height;) {
    const std::size_t end = std::min(height, y + rows_per_strip);
    std::uint8_t* out = rows_.data();
    for (; y < end; ++y, out += row_bytes) {
      const int line = static_cast<int>(y);
      const std::uint8_t* const above = y == 0 ? nullptr : Row(raster, line - 1);
      out[0] = kUpFilter;
      (gray ? FilterGray : FilterColour)(Row(raster, line), above, width, out + 1);
    }
    stream.next_in = rows_.data();
    stream.avail_in = static_cast<std::uint32_t>(out - rows_.data());
    stream.end_of_stream = y == height ? 1 : 0;
    for (bool more = true; more;) {
      if (isal_deflate(&stream) != COMP_OK) throw std::runtime_error("isal_deflate failed");
      const bool full = stream.avail_out == 0;
      more = stream.end_of_stream != 0 ? stream.internal_state.state != ZSTATE_END : full;
      if (more) {
        const std::size_t used = static_cast<std::size_t>(stream.next_out - file_.data());
        file_.resize(file_.size() + file_.size() / 2);
        stream.next_out = file_.data() + used;
        stream.avail_out = static_cast<std::uint32_t>(file_.size() - used);
      }
    }
  }

  file_.resize(static_cast<std::size_t>(stream.next_out - file_.data()));
  const auto length = static_cast<std::uint32_t>(file_.size() - data);
  for (std::size_t i = 0; i < 4; ++i) {
    file_[chunk + i] = static_cast<std::uint8_t>(length >> (24 - 8 * i));
  }
  PutNumber(file_, Crc(file_.data() + chunk + 4, file_.size() - chunk - 4));
}

}  // namespace headrace
