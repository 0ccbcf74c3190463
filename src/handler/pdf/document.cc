#include "handler/pdf/document.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "handler/pdf/text.h"

namespace headrace {
namespace {

// Viewers accept rubbish before the header up to here (ISO 32000-1, implementation notes of
// Acrobat).
constexpr std::size_t kHeaderWithin = 1024;

bool HasHeader(std::span<const std::byte> bytes) {
  const std::string_view head(reinterpret_cast<const char*>(bytes.data()),
                              std::min(bytes.size(), kHeaderWithin));
  return head.find("%PDF-") != std::string_view::npos;
}

Failure Bad(const char* type, const char* hint) {
  return {Failure::Kind::kBadPayload, type, hint, {}};
}

Failure WhyNotOpen(std::span<const std::byte> bytes, bool with_password) {
  switch (FPDF_GetLastError()) {
    case kErrorPassword:
      return with_password
                 ? Bad("pdf-password-wrong", "the password does not open this document; check it")
                 : Bad("pdf-password-required",
                       "the document is encrypted; send its password as the form field `password` "
                       "or "
                       "the header `Headrace-Param-password`");
    case kErrorSecurity:
      return Bad("pdf-encryption-unsupported",
                 "the document is encrypted in a way that cannot be opened; send it unencrypted");
    default:
      return HasHeader(bytes)
                 ? Bad("pdf-damaged", "the document is damaged beyond repair; send an intact PDF")
                 : Bad("pdf-not-a-pdf", "the payload is not a PDF; send a PDF document");
  }
}

void Fill(std::byte* bgra, std::size_t pixels, std::uint32_t colour) {
  std::fill_n(reinterpret_cast<std::uint32_t*>(bgra), pixels, colour);
}

int Flags(const Drawing& drawing) { return drawing.annotations ? kRenderAnnotations : 0; }

std::size_t Size(int count) { return static_cast<std::size_t>(count); }

// PDFium's bitmap over memory of ours; null if it does not take that size. BGRA, although most
// pages are opaque: with the formats without alpha its blend modes take twenty times as long.
class Bitmap {
 public:
  Bitmap(const Drawing& drawing, std::byte* bgra)
      : handle_(FPDFBitmap_CreateEx(drawing.width, drawing.height, kBitmapBgra, bgra,
                                    drawing.width * 4)) {}
  ~Bitmap() {
    if (handle_ != nullptr) FPDFBitmap_Destroy(handle_);
  }
  Bitmap(const Bitmap&) = delete;
  Bitmap& operator=(const Bitmap&) = delete;

  [[nodiscard]] FPDF_BITMAP get() const { return handle_; }

 private:
  FPDF_BITMAP handle_;
};

}  // namespace

Band WithMargin(Band band, int height) {
  constexpr int kMargin = 32;
  const int top = std::max(0, band.top - kMargin);
  return {top, std::min(height, band.top + band.rows + kMargin) - top};
}

PageBox PdfPage::Box() const {
  FS_RECTF box{};
  if (FPDF_GetPageBoundingBox(page_, &box) == 0) return {};
  return {static_cast<double>(box.left), static_cast<double>(box.bottom),
          static_cast<double>(box.right), static_cast<double>(box.top)};
}

// An empty crop box counts as none. The page's own /MediaBox would not do: it may be inherited, and
// PDFium's function for it does not look there.
void PdfPage::UseMediaBox() { FPDFPage_SetCropBox(page_, 0, 0, 0, 0); }

bool PdfPage::Draw(const Drawing& drawing, std::byte* bgra, int turns) const {
  const Bitmap bitmap(drawing, bgra);
  if (bitmap.get() == nullptr) return false;
  Fill(bgra, Size(drawing.width) * Size(drawing.height), drawing.background);
  FPDF_RenderPageBitmap(bitmap.get(), page_, 0, 0, drawing.width, drawing.height, turns,
                        Flags(drawing));
  return true;
}

// From the page in points, as it is shown, to pixels. The offsets mend what single precision makes
// of width * (drawing.width / width): with them the matrix is, bit by bit, the one by which PDFium
// draws without a matrix.
FS_MATRIX PdfPage::ScaleTo(const Drawing& drawing) const {
  const float width = FPDF_GetPageWidthF(page_);
  const float height = FPDF_GetPageHeightF(page_);
  const float x = static_cast<float>(drawing.width) / width;
  const float y = static_cast<float>(drawing.height) / height;
  const int turns = QuarterTurns();
  const float right = static_cast<float>(drawing.width) - width * x;
  const float bottom = static_cast<float>(drawing.height) - height * y;
  // Where the page's origin lies once it is turned.
  return {x, 0, 0, y, turns >= 2 ? right : 0, turns == 0 || turns == 3 ? bottom : 0};
}

// PDFium is told of the whole picture and of a clip, and its memory begins so far before ours that
// the band's rows meet: with coordinates of the band's own, float rounding would move edges and
// glyphs by a pixel from band to band. It neither reads nor writes outside of its clip (a test
// draws the corpus between guard pages). docs/adr/0010 has the price.
bool PdfPage::DrawBand(const Drawing& drawing, Band band, std::byte* bgra) const {
  const std::size_t before = Size(band.top) * Size(drawing.width) * 4;
  const std::uintptr_t whole = reinterpret_cast<std::uintptr_t>(bgra) - before;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): no object is there that a pointer could reach
  const Bitmap bitmap(drawing, reinterpret_cast<std::byte*>(whole));
  if (bitmap.get() == nullptr) return false;
  Fill(bgra, Size(band.rows) * Size(drawing.width), drawing.background);
  const FS_MATRIX scale = ScaleTo(drawing);
  // A page without width or height shows nothing.
  if (!std::isfinite(scale.a) || !std::isfinite(scale.d)) return true;
  const FS_RECTF clip{0, static_cast<float>(band.top), static_cast<float>(drawing.width),
                      static_cast<float>(band.top + band.rows)};
  FPDF_RenderPageBitmapWithMatrix(bitmap.get(), page_, &scale, &clip, Flags(drawing));
  return true;
}

std::string PdfPage::Text() const {
  FPDF_TEXTPAGE text = FPDFText_LoadPage(page_);
  if (text == nullptr) return {};
  const int count = FPDFText_CountChars(text);
  std::string plain;
  if (count > 0) {
    // A character may take two units.
    std::vector<unsigned short> units(2 * Size(count) + 2);
    const int written = FPDFText_GetText(text, 0, count, units.data());
    plain = PlainText(std::span(units).first(Size(std::max(written - 1, 0))));
  }
  FPDFText_ClosePage(text);
  return plain;
}

std::variant<PdfDocument, Failure> PdfDocument::Open(std::span<const std::byte> bytes,
                                                     const std::optional<std::string>& password) {
  FPDF_DOCUMENT document =
      FPDF_LoadMemDocument64(bytes.data(), bytes.size(), password ? password->c_str() : nullptr);
  // A password that is not needed does no harm: the document may open for everybody.
  if (document == nullptr && password && FPDF_GetLastError() == kErrorPassword) {
    document = FPDF_LoadMemDocument64(bytes.data(), bytes.size(), nullptr);
  }
  if (document == nullptr) return WhyNotOpen(bytes, password.has_value());
  PdfDocument opened(document);
  if (opened.PageCount() < 1) {
    return Bad("pdf-no-pages", "the document has no pages; send one that has");
  }
  return opened;
}

// What lies outside of the crop box may have been left out when the page was loaded: load it again.
PdfPage PdfDocument::PageOfMediaBox(int number) const {
  PdfPage page = Page(number);
  if (!page.ok()) return page;
  const PageBox crop = page.Box();
  page.UseMediaBox();
  const PageBox media = page.Box();
  const bool same = crop.left == media.left && crop.bottom == media.bottom &&
                    crop.right == media.right && crop.top == media.top;
  return same ? std::move(page) : Page(number);
}

std::string PdfDocument::Information(const char* tag) const {
  constexpr unsigned long kUnit = sizeof(unsigned short);
  const unsigned long bytes = FPDF_GetMetaText(document_, tag, nullptr, 0);
  std::vector<unsigned short> units(bytes / kUnit);
  if (units.size() < 2) return {};
  FPDF_GetMetaText(document_, tag, units.data(), units.size() * kUnit);
  return Utf8(std::span(units).first(units.size() - 1));
}

int PdfDocument::Version() const {
  int version = 0;
  return FPDF_GetFileVersion(document_, &version) != 0 ? version : 0;
}

}  // namespace headrace
