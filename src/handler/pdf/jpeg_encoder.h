#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "handler/pdf/png_encoder.h"

namespace headrace {

// Encodes as JPEG with libjpeg-turbo: 4:2:0, or one component for gray. Reuses its buffer: one per
// thread.
class JpegEncoder {
 public:
  JpegEncoder();
  ~JpegEncoder();
  JpegEncoder(const JpegEncoder&) = delete;
  JpegEncoder& operator=(const JpegEncoder&) = delete;

  // The file, valid until the next call. `quality` 1-100. Throws std::runtime_error.
  std::span<const std::byte> Encode(const Raster& raster, int quality, bool gray);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace headrace
