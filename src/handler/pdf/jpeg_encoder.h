#pragma once

#include <memory>

#include "handler/pdf/image_encoder.h"

namespace headrace {

// Encodes as JPEG with libjpeg-turbo: 4:2:0, or one component for gray; alpha is left out. Keeps no
// more of a picture than a few rows and the file.
class JpegEncoder final : public ImageEncoder {
 public:
  JpegEncoder();
  ~JpegEncoder() override;

  void Begin(const ImageSpec& spec) override;
  void AddRows(std::span<const std::byte> bgra) override;
  std::span<const std::byte> Finish() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace headrace
