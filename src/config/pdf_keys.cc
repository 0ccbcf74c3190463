#include "config/pdf_keys.h"

#include <fmt/format.h>

#include <string>

#include "handler/pdf/pdf_info.h"
#include "handler/pdf/pdf_limits.h"

namespace headrace {
namespace {

using Value = std::optional<std::uint64_t> PdfKeys::*;

// A number which is absent where it is not given: another handler's queue must not have it.
Key<QueueConfig> LimitKey(const char* name, Value value, std::uint64_t most, const char* help) {
  const Range range{1, most};
  const std::uint64_t standard =
      value == &PdfKeys::max_pages ? PdfLimits{}.max_pages : PdfLimits{}.max_page_pixels;
  return {std::string("pdf.") + name, Describe(Counts(), range), help,
          [value, range](QueueConfig& queue, const std::string& text) {
            auto number = ParseNumber(Counts(), range, text);
            if (!number.problem) queue.pdf.*value = number.value;
            return number.problem;
          },
          [value, standard](const QueueConfig& queue) {
            return fmt::format("{}", (queue.pdf.*value).value_or(standard));
          }};
}

}  // namespace

void AddPdfKeys(KeyList<QueueConfig>& keys) {
  keys.Add(LimitKey("max_pages", &PdfKeys::max_pages, kMostPages,
                    "pages that one job may ask for; more: 422"));
  keys.Add(LimitKey("max_page_pixels", &PdfKeys::max_page_pixels, kMostPagePixels,
                    "pixels of one page; more: 422"))
      .More(
          "It bounds time, not memory: large pages are drawn in bands. The default lets A0 at 600 "
          "dpi pass");
}

void CheckPdfKeys(const QueueConfig& queue, const std::string& path, Problems& problems) {
  const std::string& handler = PdfHandlerInfo().name;
  if (queue.handler == handler) return;
  const auto refuse = [&](const char* name) {
    problems.Add(fmt::format("{}pdf.{}", path, name),
                 fmt::format("handler {} reads no PDF; leave it out, or use handler {}",
                             queue.handler, handler));
  };
  if (queue.pdf.max_pages) refuse("max_pages");
  if (queue.pdf.max_page_pixels) refuse("max_page_pixels");
}

}  // namespace headrace
