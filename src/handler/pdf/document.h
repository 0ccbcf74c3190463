#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "handler/pdf/pdfium_api.h"
#include "headrace/result.h"

namespace headrace {

// A rectangle of a page in points, as the file has it: before /Rotate is applied.
struct PageBox {
  double left = 0;
  double bottom = 0;
  double right = 0;
  double top = 0;

  [[nodiscard]] double Width() const { return right - left; }
  [[nodiscard]] double Height() const { return top - bottom; }
};

// How a page becomes pixels.
struct Drawing {
  int width = 0;  // of the whole picture, in pixels
  int height = 0;
  bool annotations = true;
  std::uint32_t background = 0xFFFFFFFF;  // 0xAARRGGBB
};

// Some rows of a picture.
struct Band {
  int top = 0;
  int rows = 0;
};

// The band with the rows above and below it that are to be drawn with it, of a picture of so many
// rows: at the edges of its clip PDFium smooths differently.
Band WithMargin(Band band, int height);

// One page of an open document. Sizes in points (1/72 inch), of the box that is drawn, /Rotate
// applied, as viewers show it. Move-only; must not outlive its document. Not thread-safe, as PDFium
// is not.
class PdfPage {
 public:
  PdfPage(FPDF_DOCUMENT document, int number) : page_(FPDF_LoadPage(document, number - 1)) {}
  PdfPage(PdfPage&& other) noexcept : page_(other.page_) { other.page_ = nullptr; }
  PdfPage& operator=(PdfPage&&) = delete;
  PdfPage(const PdfPage&) = delete;
  PdfPage& operator=(const PdfPage&) = delete;
  ~PdfPage() {
    if (page_ != nullptr) FPDF_ClosePage(page_);
  }

  [[nodiscard]] bool ok() const { return page_ != nullptr; }
  [[nodiscard]] double Width() const { return static_cast<double>(FPDF_GetPageWidthF(page_)); }
  [[nodiscard]] double Height() const { return static_cast<double>(FPDF_GetPageHeightF(page_)); }

  // The page's /Rotate in quarter turns clockwise: 0 to 3.
  [[nodiscard]] int QuarterTurns() const { return FPDFPage_GetRotation(page_); }

  // What is drawn of the page: its crop box within its media box, unless UseMediaBox was called.
  [[nodiscard]] PageBox Box() const;
  // From here on the whole media box counts, also for this page when it is loaded again.
  void UseMediaBox();

  // Draws the page, turned clockwise by `turns` quarters more and then scaled to the drawing's
  // size, into BGRA rows of width * 4 bytes; alpha is not premultiplied. False if PDFium cannot
  // make a bitmap of that size.
  [[nodiscard]] bool Draw(const Drawing& drawing, std::byte* bgra, int turns = 0) const;

  // Draws only those rows of the picture; `bgra` holds nothing else. But for those at its edges
  // (WithMargin), they are what Draw makes of them; where things are mixed by soft masks and blend
  // groups, which PDFium draws beside the page, their colours may be rounded differently.
  [[nodiscard]] bool DrawBand(const Drawing& drawing, Band band, std::byte* bgra) const;

  // The page's text in UTF-8, lines ended by \n, without other control characters.
  [[nodiscard]] std::string Text() const;

 private:
  [[nodiscard]] FS_MATRIX ScaleTo(const Drawing& drawing) const;

  FPDF_PAGE page_;
};

// An open document over bytes that outlive it. Move-only.
class PdfDocument {
 public:
  // The failure says what is wrong with the file or the password.
  static std::variant<PdfDocument, Failure> Open(std::span<const std::byte> bytes,
                                                 const std::optional<std::string>& password);

  PdfDocument(PdfDocument&& other) noexcept : document_(other.document_) {
    other.document_ = nullptr;
  }
  PdfDocument& operator=(PdfDocument&&) = delete;
  PdfDocument(const PdfDocument&) = delete;
  PdfDocument& operator=(const PdfDocument&) = delete;
  ~PdfDocument() {
    if (document_ != nullptr) FPDF_CloseDocument(document_);
  }

  [[nodiscard]] int PageCount() const { return FPDF_GetPageCount(document_); }
  // `number` counts from 1.
  [[nodiscard]] PdfPage Page(int number) const { return {document_, number}; }
  // The same page, of which the whole media box is drawn.
  [[nodiscard]] PdfPage PageOfMediaBox(int number) const;

  // A text of the document's information dictionary ("Title") in UTF-8; empty if there is none.
  [[nodiscard]] std::string Information(const char* tag) const;
  // 17 for PDF 1.7; 0 if the file does not say.
  [[nodiscard]] int Version() const;
  [[nodiscard]] bool Encrypted() const { return FPDF_GetSecurityHandlerRevision(document_) >= 0; }
  // Bits of ISO 32000-1, table 22, for whoever opened it; all of them in an unencrypted document.
  [[nodiscard]] std::uint32_t Permissions() const {
    return static_cast<std::uint32_t>(FPDF_GetDocPermissions(document_));
  }

 private:
  explicit PdfDocument(FPDF_DOCUMENT document) : document_(document) {}
  FPDF_DOCUMENT document_;
};

}  // namespace headrace
