// Documents through the whole handler, in this process: whatever PDFium makes of them, the parts
// are well-formed and a failure has a type and a sentence. The first byte chooses the parameters.
// PDFium itself is not instrumented: its own crashes are what executors are for, and seldom.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "handler/pdf/pdf_handler.h"
#include "handler/pdf/pdf_info.h"

namespace {

using headrace::Params;

void Require(bool promise) {
  if (!promise) std::abort();
}

const Params& Choice(std::uint8_t number) {
  static const std::array<Params, 8> kChoices{
      Params{{"format", "txt"}},
      Params{{"format", "json"}},
      Params{{"dpi", "20"}},
      Params{{"dpi", "20"}, {"box", "media"}, {"background", "transparent"}},
      Params{{"format", "jpeg"}, {"dpi", "20"}, {"gray", "true"}},
      Params{{"width", "90"}, {"compression", "small"}, {"annotations", "false"}},
      Params{{"dpi", "60"}, {"background", "ff8800"}, {"pages", "last"}},
      Params{{"dpi", "15"}, {"password", "secret"}, {"pages", "1,last"}}};
  return kChoices.at(number % kChoices.size());
}

class Checker final : public headrace::Context {
 public:
  [[nodiscard]] bool Cancelled() const override { return false; }
  [[nodiscard]] std::chrono::steady_clock::time_point Deadline() const override {
    return std::chrono::steady_clock::time_point::max();
  }
  [[nodiscard]] bool AddPart(std::string_view name, std::string_view media_type,
                             std::span<const std::byte> bytes) override {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (media_type == "image/png") {
      Require(text.starts_with("\x89PNG\r\n\x1a\n") && text.ends_with("IEND\xae\x42\x60\x82"));
    } else if (media_type == "image/jpeg") {
      Require(text.starts_with("\xff\xd8\xff") && text.ends_with("\xff\xd9"));
    } else if (media_type == "application/json") {
      Require(name == "metadata.json" && text.starts_with('{') && text.ends_with("}\n"));
    } else {
      Require(std::none_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
      }));
    }
    return true;
  }
};

headrace::PdfHandler& Handler() {
  static headrace::PdfHandler* const handler = [] {
    headrace::PdfLimits limits;
    limits.max_page_pixels = 300'000;
    limits.max_pages = 3;
    limits.band_pixels = 40'000;
    auto* made = new headrace::PdfHandler(limits);
    made->Warm();
    return made;
  }();
  return *handler;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  headrace::Job job;
  job.params = Choice(data[0]);
  job.payload = std::as_bytes(std::span(data + 1, size - 1));
  Checker checker;
  const auto failure = Handler().Run(job, checker);
  if (failure) Require(failure->type.starts_with("pdf-") && !failure->hint.empty());
  return 0;
}
