// What the handler `ocr` decodes, by the path that its jobs take: kind, header, limits, decoder.

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <variant>

#include "handler/ocr/payload_kind.h"
#include "handler/ocr/picture.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using headrace::PayloadKind;
  static const bool prepared = [] {
    headrace::PreparePictures();
    return true;
  }();
  static_cast<void>(prepared);
  const auto payload = std::as_bytes(std::span(data, size));
  const PayloadKind kind = headrace::KindOf(payload);
  if (kind == PayloadKind::kUnknown || kind == PayloadKind::kPdf) return 0;
  constexpr headrace::PictureLimits kLimits{1'000'000};
  const int pages = kind == PayloadKind::kTiff ? headrace::CountTiffPages(payload) : 1;
  for (int number = 1; number <= pages && number <= 3; ++number) {
    try {
      static_cast<void>(headrace::DecodePicture(kind, payload, number, kLimits));
    } catch (const std::bad_alloc&) {
      return 0;  // what an executor answers too
    }
  }
  return 0;
}
