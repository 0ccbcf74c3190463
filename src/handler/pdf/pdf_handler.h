#pragma once

#include <memory>
#include <optional>

#include "headrace/handler.h"

namespace headrace {

// What one job may ask for; checked before anything is allocated.
struct PdfLimits {
  double max_page_pixels = 100e6;
  int max_pages = 2000;
};

// Draws the pages of a PDF with PDFium, which is not thread-safe: one job at a time per process.
// The payload is hostile until proven otherwise: run it in an executor.
class PdfHandler final : public Handler {
 public:
  explicit PdfHandler(PdfLimits limits);
  ~PdfHandler() override;

  // Initialises PDFium, reads the fonts and draws one page.
  void Warm() override;

  // Parts `page-0001.png`, numbered as in the document. Failures are of kind kBadPayload with a
  // type that begins with "pdf-".
  [[nodiscard]] std::optional<Failure> Run(const Job& job, Context& context) override;

 private:
  struct Buffers;
  const PdfLimits limits_;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace headrace
