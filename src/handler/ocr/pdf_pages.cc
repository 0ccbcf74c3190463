#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "handler/ocr/page_source.h"
#include "handler/pdf/document.h"

namespace headrace {
namespace {

constexpr double kPointsPerInch = 72;
constexpr int kDefaultDpi = 300;

// A size that is a whole number of pixels but for rounding errors stays what it is; else a page's
// last started pixel counts, as where pages become images.
double Pixels(double points, int dpi) {
  return std::max(1.0, std::ceil(points * dpi / kPointsPerInch - 1e-3));
}

// The luma of opaque BGRA pixels (ITU-R BT.601, in 1/256ths), into a picture's row.
void ToGrayRow(const std::uint8_t* bgra, int width, std::uint8_t* row) {
  for (int x = 0; x < width; ++x, bgra += 4) {
    const unsigned luma = 29U * bgra[0] + 150U * bgra[1] + 77U * bgra[2] + 128U;
    row[static_cast<unsigned>(x) ^ 3U] = static_cast<std::uint8_t>(luma >> 8U);
  }
}

std::optional<Picture> Draw(const PdfPage& page, int width, int height) {
  const std::size_t stride = static_cast<std::size_t>(width) * 4;
  // Not a vector: nothing may clear it, every pixel is drawn. It is gone before the page is read,
  // which takes as much again.
  const std::unique_ptr<std::byte[]> bgra(new std::byte[stride * static_cast<std::size_t>(height)]);
  Drawing drawing;
  drawing.width = width;
  drawing.height = height;
  if (!page.Draw(drawing, bgra.get())) return std::nullopt;
  Picture picture = Picture::Gray(width, height);
  for (int y = 0; y < height; ++y) {
    const std::byte* const row = bgra.get() + static_cast<std::size_t>(y) * stride;
    ToGrayRow(reinterpret_cast<const std::uint8_t*>(row), width, picture.Row(y));
  }
  return picture;
}

class PdfPages final : public PageSource {
 public:
  PdfPages(PdfDocument document, PageSettings settings)
      : document_(std::move(document)), settings_(std::move(settings)) {}

  [[nodiscard]] int Count() const override { return document_.PageCount(); }

  [[nodiscard]] std::variant<Picture, Failure> Page(int number) override {
    const PdfPage page = document_.Page(number);
    if (!page.ok()) {
      return Failure{Failure::Kind::kBadPayload,
                     "pdf-damaged",
                     fmt::format("page {} is damaged beyond repair; send an intact PDF", number),
                     {}};
    }
    const int dpi = settings_.dpi.value_or(kDefaultDpi);
    const double width = Pixels(page.Width(), dpi);
    const double height = Pixels(page.Height(), dpi);
    if (auto failure = CheckSize(width, height, number, settings_.limits)) {
      return *std::move(failure);
    }
    auto picture = Draw(page, static_cast<int>(width), static_cast<int>(height));
    if (!picture) {
      return Failure{Failure::Kind::kInternal, "pdf-no-bitmap", "the page cannot be drawn",
                     "FPDFBitmap_CreateEx failed"};
    }
    picture->SetDpi(dpi);
    return *std::move(picture);
  }

 private:
  const PdfDocument document_;
  const PageSettings settings_;
};

}  // namespace

OpenedPages OpenPdfPages(std::span<const std::byte> payload, const PageSettings& settings) {
  auto opened = PdfDocument::Open(payload, settings.password);
  if (auto* failure = std::get_if<Failure>(&opened)) return std::move(*failure);
  return std::make_unique<PdfPages>(std::get<PdfDocument>(std::move(opened)), settings);
}

}  // namespace headrace
