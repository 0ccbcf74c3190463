#pragma once

#include <optional>

#include "handler/ocr/ocr_options.h"
#include "handler/ocr/recognizer.h"
#include "handler/pdf/pdf_handler.h"
#include "headrace/handler.h"

namespace headrace {

// Reads the text of images and PDFs with Tesseract. One job at a time per process, on one thread.
// The payload is hostile until proven otherwise: run it in an executor. After Warm it opens no
// file.
class OcrHandler final : public Handler {
 public:
  explicit OcrHandler(OcrOptions options);

  // Loads the data of all languages, tries each, and reads a page with the default one.
  void Warm() override;

  // Parts `page-0001.txt`, numbered as in the document. What is wrong with the payload is
  // kBadPayload with a type that begins with "ocr-" or "pdf-".
  [[nodiscard]] std::optional<Failure> Run(const Job& job, Context& context) override;

 private:
  struct Order;
  std::optional<Failure> ReadPage(const Picture& picture, int number, const Order& order,
                                  Context& context);

  const OcrOptions options_;
  PdfHandler pdf_;  // warms PDFium and its fonts
  Recognizer recognizer_;
};

}  // namespace headrace
