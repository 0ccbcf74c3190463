#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "handler/pdf/deflater.h"
#include "handler/pdf/image_encoder.h"
#include "handler/pdf/png_file.h"
#include "handler/pdf/png_filters.h"

namespace headrace {

// Whether all pixels have R = G = B.
bool IsGray(std::span<const std::byte> bgra);

// Encodes as PNG with 8 bits a sample. Fast: the Up filter and ISA-L. Small: the best of all
// filters for each row, and libdeflate, or zlib for pictures that are too large for it.
class PngEncoder final : public ImageEncoder {
 public:
  // `most_whole`: bytes of samples up to which a small picture is compressed as a whole.
  explicit PngEncoder(std::size_t most_whole = std::size_t{40} << 20) : most_whole_(most_whole) {}

  void Begin(const ImageSpec& spec) override;
  void AddRows(std::span<const std::byte> bgra) override;
  std::span<const std::byte> Finish() override;

 private:
  void AddFast(std::span<const std::uint8_t> bgra);
  void AddSmall(std::span<const std::uint8_t> bgra);
  Deflater& ChooseDeflater();

  const std::size_t most_whole_;
  ImageSpec spec_;
  PngFile file_;
  // Each made when it is wanted first.
  std::unique_ptr<Deflater> fast_;
  std::unique_ptr<Deflater> small_;
  std::unique_ptr<Deflater> streaming_;
  Deflater* deflater_ = nullptr;
  int rows_left_ = 0;
  AdaptiveFilter adaptive_;
  std::vector<std::uint8_t> above_;     // the last BGRA row that came
  std::vector<std::uint8_t> filtered_;  // a strip of rows
};

}  // namespace headrace
