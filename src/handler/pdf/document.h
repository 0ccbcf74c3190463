#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "handler/pdf/pdfium_api.h"
#include "headrace/result.h"

namespace headrace {

// One page of an open document. Sizes in points (1/72 inch), of the crop box, /Rotate applied, as
// viewers show it. Move-only; must not outlive its document. Not thread-safe, as PDFium is not.
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

  // Draws the page, turned clockwise by `turns` quarters more and then scaled to `width` x `height`
  // pixels, on white into BGRA rows of width * 4 bytes. False if PDFium cannot make a bitmap of
  // that size.
  [[nodiscard]] bool Draw(std::byte* bgra, int width, int height, int turns = 0) const;

 private:
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

 private:
  explicit PdfDocument(FPDF_DOCUMENT document) : document_(document) {}
  FPDF_DOCUMENT document_;
};

}  // namespace headrace
