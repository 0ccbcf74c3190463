#pragma once

#include <memory>
#include <optional>

#include "handler/pdf/pdf_limits.h"
#include "headrace/handler.h"

namespace headrace {

// Draws the pages of a PDF with PDFium, or takes their text or the document's properties out of
// it. PDFium is not thread-safe: one job at a time per process. The payload is hostile until proven
// otherwise: run it in an executor.
class PdfHandler final : public Handler {
 public:
  explicit PdfHandler(PdfLimits limits);
  ~PdfHandler() override;

  // Initialises PDFium, reads the fonts and draws one page. No file is opened after that.
  void Warm() override;

  // Parts `page-0001.png` (.jpg, .txt), numbered as in the document, or `metadata.json`. Failures
  // are of kind kBadPayload with a type that begins with "pdf-".
  [[nodiscard]] std::optional<Failure> Run(const Job& job, Context& context) override;

 private:
  struct Tools;
  const PdfLimits limits_;
  std::unique_ptr<Tools> tools_;
};

}  // namespace headrace
