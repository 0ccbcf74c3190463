#include "handler/pdf/pdf_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "handler/pdf/document.h"
#include "handler/pdf/fonts.h"
#include "handler/pdf/jpeg_encoder.h"
#include "handler/pdf/page_ranges.h"
#include "handler/pdf/png_encoder.h"
#include "handler/pdf/rotate.h"

namespace headrace {
namespace {

constexpr double kPointsPerInch = 72;
constexpr double kDefaultDpi = 150;
constexpr int kDefaultQuality = 85;
constexpr double kMaxSide = 65'500;  // pixels: what JPEG can say
// Pixels of the largest page that is drawn upright and turned then: it needs its picture twice.
constexpr std::size_t kMostTurned = 16'000'000;

// Text in a font that is not embedded: the first one costs tens of milliseconds. PDFium rebuilds
// the cross-reference table.
constexpr std::string_view kWarmPage =
    "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font<<"
    "/F<</Type/Font/Subtype/TrueType/BaseFont/Arial>>/G<</Type/Font/Subtype/Type1/BaseFont/"
    "Times-Roman"
    ">>>>>>>>endobj\n"
    "4 0 obj<</Length 52>>stream\nBT /F 12 Tf 9 9 Td (Warm) Tj /G 12 Tf (up) Tj ET    \nendstream "
    "endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

Failure Bad(const char* type, std::string hint) {
  return {Failure::Kind::kBadPayload, type, std::move(hint), {}};
}

// For a job that is over for another reason; nobody reads it.
Failure Stopped() {
  return {Failure::Kind::kInternal, "stopped", "the job was stopped", "stopped between pages"};
}

std::optional<int> Number(const Params& params, std::string_view name) {
  const auto at = params.find(name);
  if (at == params.end()) return std::nullopt;
  int number = 0;
  std::from_chars(at->second.data(), at->second.data() + at->second.size(), number);
  return number;
}

// What a client asked for.
struct Order {
  explicit Order(const Params& params)
      : dpi(Number(params, "dpi")),
        width(Number(params, "width")),
        height(Number(params, "height")),
        jpeg(params.at("format") == "jpeg"),
        gray(params.at("gray") == "true"),
        quality(Number(params, "quality").value_or(kDefaultQuality)) {
    if (const auto at = params.find("pages"); at != params.end()) pages = at->second;
    if (const auto at = params.find("password"); at != params.end()) password = at->second;
  }

  std::optional<int> dpi;
  std::optional<int> width;
  std::optional<int> height;
  bool jpeg;
  bool gray;
  int quality;
  std::string pages = "1-";
  std::optional<std::string> password;
};

struct PixelSize {
  double width;
  double height;
  double dpi;
};

// A size that is a whole number of pixels but for rounding errors stays what it is; else a page's
// last started pixel counts, as in pdftoppm.
double Pixels(double points, double dpi) {
  return std::max(1.0, std::ceil(points * dpi / kPointsPerInch - 1e-3));
}

PixelSize SizeOf(const PdfPage& page, const Order& order) {
  const double width = page.Width();
  const double height = page.Height();
  if (!order.width && !order.height) {
    const double dpi = order.dpi.value_or(static_cast<int>(kDefaultDpi));
    return {Pixels(width, dpi), Pixels(height, dpi), dpi};
  }
  const double dpi_x = order.width ? *order.width * kPointsPerInch / width : 0;
  const double dpi_y = order.height ? *order.height * kPointsPerInch / height : 0;
  const double dpi = order.width ? dpi_x : dpi_y;
  return {order.width ? *order.width : Pixels(width, dpi_y),
          order.height ? *order.height : Pixels(height, dpi_x), dpi};
}

void MakeGray(std::span<std::byte> bgra) {
  auto* const pixels = reinterpret_cast<std::uint8_t*>(bgra.data());
  for (std::size_t i = 0; i + 3 < bgra.size(); i += 4) {
    // ITU-R BT.601 luma in 1/256ths.
    const unsigned luma = 29U * pixels[i] + 150U * pixels[i + 1] + 77U * pixels[i + 2] + 128U;
    pixels[i] = pixels[i + 1] = pixels[i + 2] = static_cast<std::uint8_t>(luma >> 8);
  }
}

std::variant<std::vector<int>, Failure> SelectPages(const Order& order, int count, int limit) {
  auto ranges = PageRanges::Parse(order.pages);
  if (!ranges) return Bad("pdf-pages", ranges.error().hint);
  int bad_page = 0;
  auto pages = ranges->Select(count, limit, &bad_page);
  if (!pages && bad_page == 0) {
    return Bad("pdf-page-out-of-range", "a range of pages runs backwards; write the smaller first");
  }
  if (!pages) {
    return Bad("pdf-page-out-of-range",
               fmt::format("there is no page {}: the document has {}", bad_page, count));
  }
  if (static_cast<int>(pages->size()) > limit) {
    return Bad("pdf-too-many-pages",
               fmt::format("the job asks for more than {} pages; choose fewer by `pages`", limit));
  }
  return *std::move(pages);
}

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

}  // namespace

struct PdfHandler::Buffers {
  // Draws the page in its full size. The picture is valid until the next call; null if PDFium makes
  // no bitmap of that size.
  std::byte* Draw(const PdfPage& page, int width, int height) {
    const std::size_t count = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    std::byte* const shown = pixels.Get(count);
    const int turns = page.QuarterTurns();
    if (turns == 0 || count > kMostTurned) return page.Draw(shown, width, height) ? shown : nullptr;
    // PDFium draws images a quarter slower where they are turned: draw upright, turn the result.
    const bool swapped = turns % 2 != 0;
    const int upright_width = swapped ? height : width;
    const int upright_height = swapped ? width : height;
    std::byte* const drawn = upright.Get(count);
    if (!page.Draw(drawn, upright_width, upright_height, 4 - turns)) return nullptr;
    Rotate(upright.Words(), upright_width, upright_height, turns, pixels.Words());
    return shown;
  }

  std::optional<Failure> DrawPage(const PdfDocument& document, int number, const Order& order,
                                  const PdfLimits& limits, Context& context) {
    const PdfPage page = document.Page(number);
    if (!page.ok()) {
      return Bad("pdf-damaged", fmt::format("page {} is damaged beyond repair", number));
    }
    const PixelSize size = SizeOf(page, order);
    const bool fits = size.width * size.height <= limits.max_page_pixels &&
                      size.width <= kMaxSide && size.height <= kMaxSide;
    if (!fits) {  // also for what is not a number
      return Bad(
          "pdf-page-too-large",
          fmt::format("page {} would have {:.0f} x {:.0f} pixels, more than {:.0f} million; ask "
                      "for a lower dpi, or a width",
                      number, size.width, size.height, limits.max_page_pixels / 1e6));
    }
    Raster raster;
    raster.width = static_cast<int>(size.width);
    raster.height = static_cast<int>(size.height);
    raster.dpi = size.dpi;
    const std::size_t bytes =
        static_cast<std::size_t>(raster.width) * static_cast<std::size_t>(raster.height) * 4;
    std::byte* const bgra = Draw(page, raster.width, raster.height);
    raster.bgra = bgra;
    if (bgra == nullptr) {
      return Failure{Failure::Kind::kInternal, "pdf-no-bitmap", "the page cannot be drawn",
                     "FPDFBitmap_CreateEx failed"};
    }
    if (order.gray) MakeGray({bgra, bytes});
    return Add(raster, number, order, context);
  }

  std::optional<Failure> Add(const Raster& raster, int number, const Order& order,
                             Context& context) {
    const auto bytes =
        order.jpeg ? jpeg.Encode(raster, order.quality, order.gray) : png.Encode(raster);
    const std::string name = fmt::format("page-{:04}.{}", number, order.jpeg ? "jpg" : "png");
    if (context.AddPart(name, order.jpeg ? "image/jpeg" : "image/png", bytes)) return std::nullopt;
    return Stopped();
  }

  PixelBuffer pixels;
  PixelBuffer upright;
  PngEncoder png;
  JpegEncoder jpeg;
};

PdfHandler::PdfHandler(PdfLimits limits) : limits_(limits), buffers_(std::make_unique<Buffers>()) {}

PdfHandler::~PdfHandler() = default;

void PdfHandler::Warm() {
  const FPDF_LIBRARY_CONFIG config{2, nullptr, nullptr, 0};
  FPDF_InitLibraryWithConfig(&config);
  InstallFonts();
  const auto opened = PdfDocument::Open(std::as_bytes(std::span(kWarmPage)), std::nullopt);
  if (const auto* document = std::get_if<PdfDocument>(&opened)) {
    constexpr int kSide = 99;
    if (buffers_->Draw(document->Page(1), kSide, kSide) != nullptr) return;
  }
  throw std::runtime_error("PDFium does not draw the first page");
}

std::optional<Failure> PdfHandler::Run(const Job& job, Context& context) {
  const Order order(job.params);
  auto opened = PdfDocument::Open(job.payload, order.password);
  if (auto* failure = std::get_if<Failure>(&opened)) return std::move(*failure);
  const auto& document = std::get<PdfDocument>(opened);
  auto selected = SelectPages(order, document.PageCount(), limits_.max_pages);
  if (auto* failure = std::get_if<Failure>(&selected)) return std::move(*failure);
  const auto& pages = std::get<std::vector<int>>(selected);
  while (const auto task = context.NextTask(static_cast<std::uint32_t>(pages.size()))) {
    if (context.Cancelled()) return Stopped();
    if (auto failure = buffers_->DrawPage(document, pages.at(*task), order, limits_, context))
      return failure;
  }
  return std::nullopt;
}

}  // namespace headrace
