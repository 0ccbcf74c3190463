#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <variant>

#include "handler/ocr/payload_kind.h"
#include "headrace/result.h"

struct Pix;  // Leptonica's

namespace headrace {

// A picture in memory: 1 bit (black is 1) or 8 bits of gray per pixel. Owns it; move-only.
class Picture {
 public:
  Picture() = default;
  explicit Picture(Pix* pix) : pix_(pix) {}
  Picture(Picture&& other) noexcept : pix_(std::exchange(other.pix_, nullptr)) {}
  Picture& operator=(Picture&& other) noexcept {
    std::swap(pix_, other.pix_);
    return *this;
  }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;
  ~Picture();

  // Of that size, to be drawn: its content is undefined. Throws std::bad_alloc.
  static Picture Gray(int width, int height);

  [[nodiscard]] Pix* get() const { return pix_; }
  explicit operator bool() const { return pix_ != nullptr; }
  [[nodiscard]] int Width() const;
  [[nodiscard]] int Height() const;

  // Dots per inch; 0: not known.
  [[nodiscard]] int Dpi() const;
  void SetDpi(int dpi);

  // A row of a gray picture is `width` bytes from this address, each at its index XOR 3: Leptonica
  // keeps them in big-endian words.
  [[nodiscard]] std::uint8_t* Row(int y) const;

 private:
  Pix* pix_ = nullptr;
};

// The sizes that are read; checked before anything is decoded.
struct PictureLimits {
  std::uint64_t max_pixels = 0;
  int max_side = 32'767;  // pixels: Tesseract's coordinates have 16 bits
};

// Nothing of a client's is printed, and a lack of memory is told apart from damage. Once per
// process, before the first picture.
void PreparePictures();

// Leptonica says "no" for damage as for a lack of memory. Throws std::bad_alloc if it ran out of
// memory since PreparePictures.
void ThrowIfPicturesLackMemory();

// The number of pictures in a TIFF; 0 if it has none that can be found.
int CountTiffPages(std::span<const std::byte> tiff);

// Decodes picture `index` (from 0) of the payload, a PNG, JPEG or TIFF, as gray. Failures are the
// payload's (kBadPayload); throws std::bad_alloc. `number` is the page's in messages.
std::variant<Picture, Failure> DecodePicture(PayloadKind kind, std::span<const std::byte> payload,
                                             int number, const PictureLimits& limits);

// Why a page of that size in pixels is not read; nothing if it is.
std::optional<Failure> CheckSize(double width, double height, int number,
                                 const PictureLimits& limits);

}  // namespace headrace
