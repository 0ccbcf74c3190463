#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "handler/pdf/image_encoder.h"
#include "headrace/params.h"

namespace headrace {

enum class PdfOutput { kPng, kJpeg, kText, kMetadata };

// What a client asked for. The parameters have been checked against the handler's specification.
struct Order {
  explicit Order(const Params& params);

  [[nodiscard]] bool Transparent() const { return background >> 24 == 0; }

  PdfOutput output = PdfOutput::kPng;
  std::optional<int> dpi;
  std::optional<int> width;
  std::optional<int> height;
  int quality = 85;
  bool gray = false;
  bool media_box = false;
  bool annotations = true;
  std::uint32_t background = 0xFFFFFFFF;  // 0xAARRGGBB
  Compression compression = Compression::kFast;
  std::string pages = "1-";
  std::optional<std::string> password;
};

}  // namespace headrace
