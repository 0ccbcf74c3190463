#include "handler/pdf/page_painter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>

#include "handler/pdf/rotate.h"

namespace headrace {
namespace {

constexpr double kPointsPerInch = 72;
constexpr int kDefaultDpi = 150;
constexpr double kMaxSide = 65'500;  // pixels: what JPEG can say

struct PixelSize {
  double width;
  double height;
  double dpi;
};

// A size that is a whole number of pixels but for rounding errors stays what it is; else a page's
// last started pixel counts, as in pdftoppm.
double Pixelate(double points, double dpi) {
  return std::max(1.0, std::ceil(points * dpi / kPointsPerInch - 1e-3));
}

PixelSize SizeOf(const PdfPage& page, const Order& order) {
  const double width = page.Width();
  const double height = page.Height();
  if (!order.width && !order.height) {
    const double dpi = order.dpi.value_or(kDefaultDpi);
    return {Pixelate(width, dpi), Pixelate(height, dpi), dpi};
  }
  const double dpi_x = order.width ? *order.width * kPointsPerInch / width : 0;
  const double dpi_y = order.height ? *order.height * kPointsPerInch / height : 0;
  const double dpi = order.width ? dpi_x : dpi_y;
  return {order.width ? *order.width : Pixelate(width, dpi_y),
          order.height ? *order.height : Pixelate(height, dpi_x), dpi};
}

Failure TooLarge(int number, const PixelSize& size, const PdfLimits& limits) {
  return {Failure::Kind::kBadPayload,
          "pdf-page-too-large",
          fmt::format("page {} would have {:.0f} x {:.0f} pixels; at most {} million in all and "
                      "{:.0f} on a side are allowed here; ask for a lower dpi, or a width",
                      number, size.width, size.height,
                      static_cast<double>(limits.max_page_pixels) / 1e6, kMaxSide),
          {}};
}

std::size_t Count(int width, int rows) {
  return static_cast<std::size_t>(width) * static_cast<std::size_t>(rows);
}

void MakeGray(std::span<std::byte> bgra) {
  auto* const pixels = reinterpret_cast<std::uint8_t*>(bgra.data());
  for (std::size_t i = 0; i + 3 < bgra.size(); i += 4) {
    // ITU-R BT.601 luma in 1/256ths.
    const unsigned luma = 29U * pixels[i] + 150U * pixels[i + 1] + 77U * pixels[i + 2] + 128U;
    pixels[i] = pixels[i + 1] = pixels[i + 2] = static_cast<std::uint8_t>(luma >> 8);
  }
}

// What the picture is taken for before it has been drawn.
Pixels FirstGuess(const Order& order) {
  if (order.Transparent()) return Pixels::kColourOrNone;
  return order.gray || order.output == PdfOutput::kPng ? Pixels::kGray : Pixels::kColour;
}

// What it must be taken for when these rows are known.
Pixels Judge(Pixels guess, std::span<const std::byte> rows, const Order& order) {
  const bool guessed = guess == Pixels::kGray && !order.gray;
  return guessed && !IsGray(rows) ? Pixels::kColour : guess;
}

}  // namespace

// One page that becomes one file.
struct PagePainter::Picture {
  const PdfPage& page;
  const Order& order;
  const Drawing drawing;
  const double dpi;
  const int band_rows;  // all rows: drawn at once
  ImageEncoder& encoder;
  const Context& context;
};

std::optional<Failure> PagePainter::Paint(const PdfPage& page, int number, const Order& order,
                                          Context& context) {
  const PixelSize size = SizeOf(page, order);
  const bool fits = size.width * size.height <= static_cast<double>(limits_.max_page_pixels) &&
                    size.width <= kMaxSide && size.height <= kMaxSide;
  if (!fits) return TooLarge(number, size, limits_);  // also for what is not a number
  const bool jpeg = order.output == PdfOutput::kJpeg;
  const Drawing drawing{static_cast<int>(size.width), static_cast<int>(size.height),
                        order.annotations, order.background};
  const bool at_once = size.width * size.height <= static_cast<double>(limits_.band_pixels);
  const double band_rows = std::floor(static_cast<double>(limits_.band_pixels) / size.width);
  const Picture picture{page,
                        order,
                        drawing,
                        size.dpi,
                        at_once ? drawing.height : static_cast<int>(std::max(1.0, band_rows)),
                        jpeg ? static_cast<ImageEncoder&>(jpeg_) : png_,
                        context};
  Attempt attempt = PaintAs(FirstGuess(order), picture);
  if (attempt == Attempt::kColoured) attempt = PaintAs(Pixels::kColour, picture);
  if (attempt == Attempt::kNoBitmap) {
    return Failure{Failure::Kind::kInternal, "pdf-no-bitmap", "the page cannot be drawn",
                   "FPDFBitmap_CreateEx failed"};
  }
  Failure stopped{Failure::Kind::kInternal, "stopped", "the job was stopped", "nobody reads this"};
  if (attempt == Attempt::kStopped) return stopped;
  const std::string name = fmt::format("page-{:04}.{}", number, jpeg ? "jpg" : "png");
  if (context.AddPart(name, jpeg ? "image/jpeg" : "image/png", picture.encoder.Finish())) {
    return std::nullopt;
  }
  return stopped;
}

// A PNG whose pixels turn out to be gray in all bands is written with one channel, as if it had
// been drawn at once. Which it is must be known before the first row is written: the first band
// tells of most pages; where colour comes later, the picture is begun again.
PagePainter::Attempt PagePainter::PaintAs(Pixels pixels, const Picture& picture) {
  const Drawing& drawing = picture.drawing;
  for (int top = 0; top < drawing.height; top += picture.band_rows) {
    if (top != 0 && picture.context.Cancelled()) return Attempt::kStopped;
    const Band band{top, std::min(picture.band_rows, drawing.height - top)};
    std::byte* const bgra = DrawRows(picture, band);
    if (bgra == nullptr) return Attempt::kNoBitmap;
    const std::span<std::byte> rows(bgra, 4 * Count(drawing.width, band.rows));
    if (picture.order.gray) MakeGray(rows);
    const Pixels seen = Judge(pixels, rows, picture.order);
    if (top == 0) {
      pixels = seen;
      picture.encoder.Begin({drawing.width, drawing.height, picture.dpi, pixels,
                             picture.order.compression, picture.order.quality});
    }
    if (seen != pixels) return Attempt::kColoured;
    picture.encoder.AddRows(rows);
  }
  return Attempt::kDone;
}

std::byte* PagePainter::DrawRows(const Picture& picture, Band band) {
  if (band.rows == picture.drawing.height) return DrawAtOnce(picture.page, picture.drawing);
  const Band drawn = WithMargin(band, picture.drawing.height);
  std::byte* const bgra = pixels_.Get(Count(picture.drawing.width, drawn.rows));
  if (!picture.page.DrawBand(picture.drawing, drawn, bgra)) return nullptr;
  return bgra + 4 * Count(picture.drawing.width, band.top - drawn.top);
}

std::byte* PagePainter::DrawAtOnce(const PdfPage& page, const Drawing& drawing) {
  const std::size_t count = Count(drawing.width, drawing.height);
  std::byte* const shown = pixels_.Get(count);
  const int turns = page.QuarterTurns();
  if (turns == 0) return page.Draw(drawing, shown) ? shown : nullptr;
  // PDFium draws images a quarter slower where they are turned: draw upright, turn the result.
  Drawing upright = drawing;
  if (turns % 2 != 0) std::swap(upright.width, upright.height);
  std::byte* const drawn = upright_.Get(count);
  if (!page.Draw(upright, drawn, 4 - turns)) return nullptr;
  Rotate(upright_.Words(), upright.width, upright.height, turns, pixels_.Words());
  return shown;
}

}  // namespace headrace
