#include "handler/ocr/ocr_handler.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/fd.h"
#include "handler/ocr/language_data.h"
#include "handler/ocr/page_source.h"
#include "handler/ocr/page_text.h"
#include "handler/pdf/page_ranges.h"

namespace headrace {
namespace {

constexpr int kAutomatic = 3;
constexpr int kAutomaticWithOrientation = 1;

// What is read once before the first job: Tesseract sets up much at its first page.
constexpr std::string_view kWarmPage =
    "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 144 72]/Contents 4 0 R/Resources<</Font<<"
    "/F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n"
    "4 0 obj<</Length 34>>stream\nBT /F 14 Tf 18 32 Td (warm) Tj ET\nendstream endobj\n"
    "trailer<</Root 1 0 R>>\n%%EOF\n";

constexpr std::uint64_t kWarmPixels = 1'000'000;

// Tesseract talks to a terminal. It is sent to /dev/null for a while by its descriptor, not by
// Tesseract's `debug_file`: that would stay open, and in an executor its number is the payload's.
class Silence {
 public:
  Silence() : kept_(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) {
    const UniqueFd nowhere(open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (kept_ && nowhere) dup2(nowhere.get(), STDERR_FILENO);
  }
  ~Silence() {
    if (kept_) dup2(kept_.get(), STDERR_FILENO);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  const UniqueFd kept_;
};

std::optional<int> Number(const Params& params, std::string_view name) {
  const auto at = params.find(name);
  if (at == params.end()) return std::nullopt;
  int number = 0;
  std::from_chars(at->second.data(), at->second.data() + at->second.size(), number);
  return number;
}

OcrOutput OutputOf(const std::string& word) {
  static const std::map<std::string, OcrOutput, std::less<>> kOutputs{{"txt", OcrOutput::kText},
                                                                      {"hocr", OcrOutput::kHocr},
                                                                      {"tsv", OcrOutput::kTsv},
                                                                      {"json", OcrOutput::kJson}};
  return kOutputs.at(word);
}

// For a job that is over for another reason; nobody reads it.
Failure Stopped() {
  return {Failure::Kind::kInternal, "stopped", "the job was stopped", "stopped between pages"};
}

Failure Bad(const char* type, std::string hint) {
  return {Failure::Kind::kBadPayload, type, std::move(hint), {}};
}

std::variant<std::vector<int>, Failure> SelectPages(const std::string& wanted, int count,
                                                    std::uint64_t limit) {
  auto ranges = PageRanges::Parse(wanted);
  if (!ranges) return Bad("ocr-pages", ranges.error().hint);
  int bad_page = 0;
  auto pages = ranges->Select(count, static_cast<int>(limit), &bad_page);
  if (!pages && bad_page == 0) {
    return Bad("ocr-page-out-of-range", "a range of pages runs backwards; write the smaller first");
  }
  if (!pages) {
    return Bad("ocr-page-out-of-range",
               fmt::format("there is no page {}: the document has {}", bad_page, count));
  }
  if (pages->size() > limit) {
    return Bad("ocr-too-many-pages",
               fmt::format("the job asks for more than {} pages; choose fewer by `pages`", limit));
  }
  return *std::move(pages);
}

}  // namespace

// What a client asked for.
struct OcrHandler::Order {
  Order(const Params& params, std::uint64_t max_pixels)
      : output(OutputOf(params.at("output"))), mode(Number(params, "psm").value_or(kAutomatic)) {
    settings.dpi = Number(params, "dpi");
    settings.limits.max_pixels = max_pixels;
    if (const auto at = params.find("pages"); at != params.end()) pages = at->second;
    if (const auto at = params.find("password"); at != params.end()) settings.password = at->second;
  }

  OcrOutput output;
  int mode;
  std::string pages = "1-";
  PageSettings settings;
};

OcrHandler::OcrHandler(OcrOptions options) : options_(std::move(options)), pdf_(PdfLimits{}) {}

void OcrHandler::Warm() {
  const Silence silence;
  PreparePictures();
  pdf_.Warm();
  LoadLanguageData(options_);
  const std::vector<std::string> readable = ReadableLanguages(options_);
  // From the last to the first, which stays.
  for (auto language = readable.rbegin(); language != readable.rend(); ++language) {
    if (!recognizer_.SetLanguages(*language)) {
      throw std::runtime_error(fmt::format(
          "Tesseract cannot use its data for '{}'; install it anew, for Tesseract 4 or later",
          *language));
    }
  }
  const bool turns = readable.size() != options_.languages.size();
  PageSettings settings;
  settings.limits.max_pixels = kWarmPixels;
  auto opened = OpenPages(std::as_bytes(std::span(kWarmPage)), settings);
  if (auto* pages = std::get_if<std::unique_ptr<PageSource>>(&opened)) {
    auto page = (*pages)->Page(1);
    auto* picture = std::get_if<Picture>(&page);
    if (picture != nullptr &&
        recognizer_.Read(*picture, turns ? kAutomaticWithOrientation : kAutomatic)) {
      malloc_trim(0);  // the languages that were tried have left gaps
      return;
    }
  }
  throw std::runtime_error("Tesseract does not read the first page");
}

std::optional<Failure> OcrHandler::ReadPage(const Picture& picture, int number, const Order& order,
                                            Context& context) {
  if (!recognizer_.Read(picture, order.mode)) {
    return Failure{Failure::Kind::kInternal, "ocr-failed", "the page cannot be read",
                   fmt::format("Tesseract gave up on page {}", number)};
  }
  const std::string text = recognizer_.Text(order.output, number, picture);
  if (context.AddPart(PartName(order.output, number), MediaTypeOf(order.output),
                      std::as_bytes(std::span(text)))) {
    return std::nullopt;
  }
  return Stopped();
}

std::optional<Failure> OcrHandler::Run(const Job& job, Context& context) {
  const Order order(job.params, options_.max_pixels);
  auto opened = OpenPages(job.payload, order.settings);
  if (auto* failure = std::get_if<Failure>(&opened)) return std::move(*failure);
  PageSource& pages = *std::get<std::unique_ptr<PageSource>>(opened);
  auto selected = SelectPages(order.pages, pages.Count(), options_.max_pages);
  if (auto* failure = std::get_if<Failure>(&selected)) return std::move(*failure);
  const std::string languages =
      fmt::format("{}", fmt::join(WantedLanguages(job.params.at("lang")), "+"));
  if (!recognizer_.SetLanguages(languages)) {
    return Failure{Failure::Kind::kInternal, "ocr-failed", "the languages cannot be read together",
                   "Tesseract does not start with " + languages};
  }
  const auto& numbers = std::get<std::vector<int>>(selected);
  const auto total = static_cast<std::uint32_t>(numbers.size());
  std::uint32_t done = 0;
  context.Progress(done, total);
  while (const auto task = context.NextTask(total)) {
    if (context.Cancelled()) return Stopped();
    const int number = numbers.at(*task);
    auto page = pages.Page(number);
    if (auto* failure = std::get_if<Failure>(&page)) return std::move(*failure);
    if (auto failure = ReadPage(std::get<Picture>(page), number, order, context)) return failure;
    context.Progress(++done, total);
  }
  return std::nullopt;
}

}  // namespace headrace
