#include "handler/pdf/document.h"

#include <algorithm>
#include <string_view>
#include <utility>

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

}  // namespace

bool PdfPage::Draw(std::byte* bgra, int width, int height, int turns) const {
  // BGRA, although nothing is transparent: with the formats without alpha PDFium's blend modes take
  // twenty times as long.
  FPDF_BITMAP bitmap = FPDFBitmap_CreateEx(width, height, kBitmapBgra, bgra, width * 4);
  if (bitmap == nullptr) return false;
  FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF);
  FPDF_RenderPageBitmap(bitmap, page_, 0, 0, width, height, turns, kRenderAnnotations);
  FPDFBitmap_Destroy(bitmap);
  return true;
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

}  // namespace headrace
