#include "handler/pdf/jpeg_encoder.h"

#include <turbojpeg.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace headrace {
namespace {

// In a JFIF file: SOI, the APP0 marker, its length, "JFIF\0" and the version come before these.
constexpr std::size_t kDensityAt = 13;
constexpr unsigned char kDotsPerInch = 1;

void SetDensity(unsigned char* file, unsigned long size, double dpi) {
  if (size < kDensityAt + 5 || std::memcmp(file + 6, "JFIF", 5) != 0) return;
  const auto density = static_cast<unsigned>(std::lround(std::clamp(dpi, 1.0, 65535.0)));
  unsigned char* const at = file + kDensityAt;
  at[0] = kDotsPerInch;
  at[1] = at[3] = static_cast<unsigned char>(density >> 8);
  at[2] = at[4] = static_cast<unsigned char>(density & 0xFFU);
}

}  // namespace

struct JpegEncoder::State {
  tjhandle handle = tjInitCompress();
  unsigned char* buffer = nullptr;
  unsigned long capacity = 0;
};

JpegEncoder::JpegEncoder() : state_(std::make_unique<State>()) {
  if (state_->handle == nullptr) throw std::runtime_error(tjGetErrorStr2(nullptr));
}

JpegEncoder::~JpegEncoder() {
  tjFree(state_->buffer);
  tjDestroy(state_->handle);
}

std::span<const std::byte> JpegEncoder::Encode(const Raster& raster, int quality, bool gray) {
  const int subsampling = gray ? TJSAMP_GRAY : TJSAMP_420;
  const unsigned long needed = tjBufSize(raster.width, raster.height, subsampling);
  if (needed > state_->capacity) {
    tjFree(state_->buffer);
    state_->buffer = tjAlloc(static_cast<int>(needed));
    state_->capacity = state_->buffer != nullptr ? needed : 0;
    if (state_->buffer == nullptr) throw std::runtime_error("no memory for a JPEG");
  }
  unsigned long size = state_->capacity;
  const auto* pixels = reinterpret_cast<const unsigned char*>(raster.bgra);
  if (tjCompress2(state_->handle, pixels, raster.width, 0, raster.height, TJPF_BGRX,
                  &state_->buffer, &size, subsampling, quality, TJFLAG_NOREALLOC) != 0) {
    throw std::runtime_error(tjGetErrorStr2(state_->handle));
  }
  SetDensity(state_->buffer, size, raster.dpi);
  return std::as_bytes(std::span(state_->buffer, size));
}

}  // namespace headrace
