#include "handler/pdf/png_encoder.h"

#include <algorithm>
#include <cstring>

namespace headrace {
namespace {

constexpr std::size_t kStrip = std::size_t{128}
                               << 10;  // bytes filtered at once: they stay in the cache
constexpr std::size_t kGrayBlock = std::size_t{4} << 10;  // pixels looked at before a decision

std::span<const std::uint8_t> Unsigned(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace

bool IsGray(std::span<const std::byte> bgra) {
  const std::uint8_t* const bytes = Unsigned(bgra).data();
  const std::size_t pixels = bgra.size() / 4;
  for (std::size_t begin = 0; begin < pixels; begin += kGrayBlock) {
    const std::size_t end = std::min(pixels, begin + kGrayBlock);
    std::uint32_t differences = 0;
    for (std::size_t i = begin; i < end; ++i) {
      std::uint32_t pixel = 0;
      std::memcpy(&pixel, bytes + 4 * i, sizeof(pixel));
      differences |= (pixel ^ (pixel >> 8)) & 0xFFFFU;  // B against G, G against R
    }
    if (differences != 0) return false;
  }
  return true;
}

void PngEncoder::Begin(const ImageSpec& spec) {
  spec_ = spec;
  rows_left_ = spec.height;
  file_.Begin(spec);
  deflater_ = &ChooseDeflater();
  const auto width = static_cast<std::size_t>(spec.width);
  deflater_->Begin((1 + width * BytesPerPixel(spec.pixels)) *
                   static_cast<std::size_t>(spec.height));
  if (spec.compression == Compression::kSmall) {
    adaptive_.Begin(width, spec.pixels);
  } else {
    above_.assign(width * 4, 0);
  }
}

Deflater& PngEncoder::ChooseDeflater() {
  const auto ready = [](std::unique_ptr<Deflater>& deflater,
                        std::unique_ptr<Deflater> (*make)()) -> Deflater& {
    if (deflater == nullptr) deflater = make();
    return *deflater;
  };
  if (spec_.compression == Compression::kFast) return ready(fast_, &MakeFastDeflater);
  const std::size_t samples = static_cast<std::size_t>(spec_.width) *
                              static_cast<std::size_t>(spec_.height) * BytesPerPixel(spec_.pixels);
  return samples <= most_whole_ ? ready(small_, &MakeSmallDeflater)
                                : ready(streaming_, &MakeStreamingSmallDeflater);
}

void PngEncoder::AddRows(std::span<const std::byte> bgra) {
  spec_.compression == Compression::kSmall ? AddSmall(Unsigned(bgra)) : AddFast(Unsigned(bgra));
}

void PngEncoder::AddFast(std::span<const std::uint8_t> bgra) {
  const auto width = static_cast<std::size_t>(spec_.width);
  const std::size_t bytes = 4 * width;
  const std::size_t filtered = 1 + width * BytesPerPixel(spec_.pixels);
  const std::size_t strip = std::max<std::size_t>(1, kStrip / filtered);
  filtered_.resize(strip * filtered + 2);
  const std::size_t rows = bgra.size() / bytes;
  for (std::size_t y = 0; y < rows;) {
    const std::size_t end = std::min(rows, y + strip);
    std::uint8_t* out = filtered_.data();
    for (; y < end; ++y, out += filtered, --rows_left_) {
      const auto above =
          y == 0 ? std::span<const std::uint8_t>(above_) : bgra.subspan((y - 1) * bytes, bytes);
      FilterUp(bgra.subspan(y * bytes, bytes), above, spec_.pixels, out);
    }
    const auto size = static_cast<std::size_t>(out - filtered_.data());
    deflater_->Add(std::span(filtered_).first(size), rows_left_ == 0, file_);
  }
  if (rows != 0) std::memcpy(above_.data(), bgra.data() + (rows - 1) * bytes, bytes);
}

void PngEncoder::AddSmall(std::span<const std::uint8_t> bgra) {
  const std::size_t bytes = 4 * static_cast<std::size_t>(spec_.width);
  for (; bgra.size() >= bytes; bgra = bgra.subspan(bytes)) {
    --rows_left_;
    deflater_->Add(adaptive_.Filter(bgra.first(bytes)), rows_left_ == 0, file_);
  }
}

std::span<const std::byte> PngEncoder::Finish() { return file_.Finish(); }

}  // namespace headrace
