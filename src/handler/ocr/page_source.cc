#include "handler/ocr/page_source.h"

#include <utility>

#include "handler/ocr/payload_kind.h"

namespace headrace {
namespace {

// An image file: one page, or those of a TIFF.
class ImagePages final : public PageSource {
 public:
  ImagePages(PayloadKind kind, std::span<const std::byte> payload, PageSettings settings)
      : kind_(kind),
        payload_(payload),
        settings_(std::move(settings)),
        count_(kind == PayloadKind::kTiff ? CountTiffPages(payload) : 1) {}

  [[nodiscard]] int Count() const override { return count_; }

  [[nodiscard]] std::variant<Picture, Failure> Page(int number) override {
    auto decoded = DecodePicture(kind_, payload_, number, settings_.limits);
    if (auto* picture = std::get_if<Picture>(&decoded); picture != nullptr && picture->Dpi() == 0) {
      // Without one Tesseract estimates it by the height of the lines.
      picture->SetDpi(settings_.dpi.value_or(0));
    }
    return decoded;
  }

 private:
  const PayloadKind kind_;
  const std::span<const std::byte> payload_;
  const PageSettings settings_;
  const int count_;
};

}  // namespace

OpenedPages OpenPages(std::span<const std::byte> payload, const PageSettings& settings) {
  const PayloadKind kind = KindOf(payload);
  switch (kind) {
    case PayloadKind::kPdf:
      return OpenPdfPages(payload, settings);
    case PayloadKind::kUnknown:
      return Failure{Failure::Kind::kBadPayload,
                     "ocr-unsupported-format",
                     "the payload is no PNG, JPEG, TIFF or PDF; send one of these",
                     {}};
    case PayloadKind::kPng:
    case PayloadKind::kJpeg:
    case PayloadKind::kTiff:
      break;
  }
  auto pages = std::make_unique<ImagePages>(kind, payload, settings);
  if (pages->Count() < 1) {
    return Failure{Failure::Kind::kBadPayload,
                   "ocr-damaged",
                   "the TIFF is damaged, no page can be found in it; send an intact one",
                   {}};
  }
  return pages;
}

}  // namespace headrace
