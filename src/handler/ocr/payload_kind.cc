#include "handler/ocr/payload_kind.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace headrace {
namespace {

// Viewers accept rubbish before a PDF's header up to here.
constexpr std::size_t kPdfHeaderWithin = 1024;

// Classic TIFF and BigTIFF, in both byte orders.
constexpr std::array<std::string_view, 4> kTiff{
    {{"II*\0", 4}, {"MM\0*", 4}, {"II+\0", 4}, {"MM\0+", 4}}};

}  // namespace

PayloadKind KindOf(std::span<const std::byte> payload) {
  const std::string_view head(reinterpret_cast<const char*>(payload.data()),
                              std::min(payload.size(), kPdfHeaderWithin));
  if (head.starts_with("\x89PNG\r\n\x1a\n")) return PayloadKind::kPng;
  if (head.starts_with("\xff\xd8\xff")) return PayloadKind::kJpeg;
  if (std::any_of(kTiff.begin(), kTiff.end(),
                  [&](auto magic) { return head.starts_with(magic); })) {
    return PayloadKind::kTiff;
  }
  return head.find("%PDF-") != std::string_view::npos ? PayloadKind::kPdf : PayloadKind::kUnknown;
}

}  // namespace headrace
