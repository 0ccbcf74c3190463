#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "handler/pdf/document.h"
#include "handler/pdf/jpeg_encoder.h"
#include "handler/pdf/order.h"
#include "handler/pdf/pdf_limits.h"
#include "handler/pdf/png_encoder.h"
#include "headrace/handler.h"

namespace headrace {

// Room for pixels that grows and is reused. Not a vector: nothing may clear it, every pixel is
// drawn.
class PixelBuffer {
 public:
  std::byte* Get(std::size_t pixels) {
    if (pixels > capacity_) {
      words_.reset();
      words_ = std::unique_ptr<std::uint32_t[]>(new std::uint32_t[pixels]);
      capacity_ = pixels;
    }
    return reinterpret_cast<std::byte*>(words_.get());
  }
  [[nodiscard]] std::uint32_t* Words() { return words_.get(); }

 private:
  std::unique_ptr<std::uint32_t[]> words_;
  std::size_t capacity_ = 0;
};

// Draws pages and encodes them. What it holds of a picture is one band (limits.band_pixels), the
// same once more if the page is turned, and the encoded file. Reuses its buffers; single-threaded.
class PagePainter {
 public:
  explicit PagePainter(PdfLimits limits) : limits_(limits) {}

  // Adds the part `page-0001.png`, or its JPEG. Failures: "pdf-page-too-large", "pdf-no-bitmap".
  std::optional<Failure> Paint(const PdfPage& page, int number, const Order& order,
                               Context& context);

 private:
  struct Picture;
  // How an attempt at a picture ended.
  enum class Attempt { kDone, kColoured, kNoBitmap, kStopped };

  Attempt PaintAs(Pixels pixels, const Picture& picture);
  // Null if PDFium makes no bitmap of that size. Valid until the next call.
  std::byte* DrawAtOnce(const PdfPage& page, const Drawing& drawing);
  std::byte* DrawRows(const Picture& picture, Band band);

  const PdfLimits limits_;
  PixelBuffer pixels_;
  PixelBuffer upright_;
  PngEncoder png_;
  JpegEncoder jpeg_;
};

}  // namespace headrace
