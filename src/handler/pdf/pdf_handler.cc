#include "handler/pdf/pdf_handler.h"

#include <fmt/format.h>

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "handler/pdf/document.h"
#include "handler/pdf/fonts.h"
#include "handler/pdf/metadata.h"
#include "handler/pdf/order.h"
#include "handler/pdf/page_painter.h"
#include "handler/pdf/page_ranges.h"

namespace headrace {
namespace {

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

Failure Damaged(int page) {
  return Bad("pdf-damaged", fmt::format("page {} is damaged beyond repair", page));
}

// For a job that is over for another reason; nobody reads it.
Failure Stopped() {
  return {Failure::Kind::kInternal, "stopped", "the job was stopped", "stopped between pages"};
}

std::variant<std::vector<int>, Failure> SelectPages(const Order& order, int count,
                                                    const PdfLimits& limits) {
  auto ranges = PageRanges::Parse(order.pages);
  if (!ranges) return Bad("pdf-pages", ranges.error().hint);
  int bad_page = 0;
  auto pages = ranges->Select(count, static_cast<int>(limits.max_pages), &bad_page);
  if (!pages && bad_page == 0) {
    return Bad("pdf-page-out-of-range", "a range of pages runs backwards; write the smaller first");
  }
  if (!pages) {
    return Bad("pdf-page-out-of-range",
               fmt::format("there is no page {}: the document has {}", bad_page, count));
  }
  if (pages->size() > limits.max_pages) {
    return Bad("pdf-too-many-pages",
               fmt::format("the job asks for more than {} pages; choose fewer by `pages`",
                           limits.max_pages));
  }
  return *std::move(pages);
}

bool AddText(const std::string& name, const char* media_type, const std::string& text,
             Context& context) {
  return context.AddPart(name, media_type, std::as_bytes(std::span(text)));
}

std::optional<Failure> AddPageText(const PdfPage& page, int number, Context& context) {
  const bool added = AddText(fmt::format("page-{:04}.txt", number), "text/plain; charset=utf-8",
                             page.Text(), context);
  return added ? std::nullopt : std::optional(Stopped());
}

}  // namespace

struct PdfHandler::Tools {
  explicit Tools(const PdfLimits& limits) : painter(limits) {}

  std::optional<Failure> AddPage(const PdfDocument& document, int number, const Order& order,
                                 Context& context) {
    const PdfPage page = order.media_box ? document.PageOfMediaBox(number) : document.Page(number);
    if (!page.ok()) return Damaged(number);
    return order.output == PdfOutput::kText ? AddPageText(page, number, context)
                                            : painter.Paint(page, number, order, context);
  }

  PagePainter painter;
};

PdfHandler::PdfHandler(PdfLimits limits)
    : limits_(limits), tools_(std::make_unique<Tools>(limits)) {}

PdfHandler::~PdfHandler() = default;

void PdfHandler::Warm() {
  const FPDF_LIBRARY_CONFIG config{2, nullptr, nullptr, 0};
  FPDF_InitLibraryWithConfig(&config);
  InstallFonts();
  const auto opened = PdfDocument::Open(std::as_bytes(std::span(kWarmPage)), std::nullopt);
  if (const auto* document = std::get_if<PdfDocument>(&opened)) {
    constexpr int kSide = 99;
    const Drawing drawing{kSide, kSide};
    std::vector<std::byte> bgra(std::size_t{4} * kSide * kSide);
    if (document->Page(1).Draw(drawing, bgra.data())) return;
  }
  throw std::runtime_error("PDFium does not draw the first page");
}

std::optional<Failure> PdfHandler::Run(const Job& job, Context& context) {
  const Order order(job.params);
  auto opened = PdfDocument::Open(job.payload, order.password);
  if (auto* failure = std::get_if<Failure>(&opened)) return std::move(*failure);
  const auto& document = std::get<PdfDocument>(opened);
  auto selected = SelectPages(order, document.PageCount(), limits_);
  if (auto* failure = std::get_if<Failure>(&selected)) return std::move(*failure);
  const auto& pages = std::get<std::vector<int>>(selected);
  if (order.output == PdfOutput::kMetadata) {
    const bool added =
        AddText("metadata.json", "application/json", MetadataJson(document, pages), context);
    return added ? std::nullopt : std::optional(Stopped());
  }
  while (const auto task = context.NextTask(static_cast<std::uint32_t>(pages.size()))) {
    if (context.Cancelled()) return Stopped();
    if (auto failure = tools_->AddPage(document, pages.at(*task), order, context)) return failure;
  }
  return std::nullopt;
}

}  // namespace headrace
