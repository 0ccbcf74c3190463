#include "handler/ocr/ocr_info.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "handler/pdf/page_ranges.h"

namespace headrace {
namespace {

constexpr std::size_t kQuoted = 40;

bool Has(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// A client's text inside our sentence: short and printable.
std::string Quoted(std::string_view text) {
  std::string quoted;
  for (const char c : text.substr(0, kQuoted)) quoted += c >= 0x20 && c <= 0x7E ? c : '?';
  return fmt::format("'{}{}'", quoted, text.size() > kQuoted ? "..." : "");
}

std::optional<std::string> CheckLanguages(const std::string& wanted,
                                          const std::vector<std::string>& readable) {
  std::set<std::string> seen;
  for (const std::string& language : WantedLanguages(wanted)) {
    if (!Has(readable, language)) {
      return fmt::format("lang: {} is not read here; allowed are {}, or several joined by +",
                         Quoted(language), fmt::join(readable, ", "));
    }
    if (!seen.insert(language).second) {
      return fmt::format("lang: {} is named twice", Quoted(language));
    }
  }
  if (seen.empty()) return fmt::format("lang: allowed are {}", fmt::join(readable, ", "));
  return std::nullopt;
}

bool NeedsOrientation(const std::string& psm) { return psm == "1" || psm == "12"; }

std::optional<std::string> Check(const Params& params, const OcrOptions& options) {
  if (auto problem = CheckLanguages(params.at("lang"), ReadableLanguages(options))) return problem;
  if (NeedsOrientation(params.at("psm")) && !Has(options.languages, kOrientationData)) {
    return "psm: 1 and 12 find out how a page is turned, for which this queue has not the data "
           "(`osd` among ocr.languages); allowed are the others";
  }
  if (const auto pages = params.find("pages"); pages != params.end()) {
    if (auto ranges = PageRanges::Parse(pages->second); !ranges) return ranges.error().hint;
  }
  return std::nullopt;
}

ParamSpec Choice(std::string name, std::string description, std::vector<std::string> choices,
                 std::string default_value) {
  ParamSpec spec;
  spec.name = std::move(name);
  spec.type = ParamType::kChoice;
  spec.description = std::move(description);
  spec.choices = std::move(choices);
  spec.default_value = std::move(default_value);
  return spec;
}

ParamSpec Text(std::string name, std::string description) {
  ParamSpec spec;
  spec.name = std::move(name);
  spec.description = std::move(description);
  return spec;
}

std::vector<ParamSpec> MakeParams(const OcrOptions& options) {
  const std::vector<std::string> readable = ReadableLanguages(options);
  ParamSpec lang = Text(
      "lang", fmt::format("languages of the text, joined by +; of {}", fmt::join(readable, ", ")));
  lang.default_value = readable.empty() ? std::string() : readable.front();
  ParamSpec dpi;
  dpi.name = "dpi";
  dpi.type = ParamType::kInteger;
  dpi.description =
      "resolution in dots per inch: of a PDF's pages (300 if it is not given), and of images that "
      "do not tell theirs";
  dpi.minimum = 70;
  dpi.maximum = 600;
  ParamSpec password = Text("password", "the password of a PDF");
  password.max_length = 127;
  password.secret = true;
  return {lang,
          Choice("output", "form of the text", {"txt", "hocr", "tsv", "json"}, "txt"),
          Choice("psm", "page segmentation mode, as Tesseract numbers them; 3: automatic",
                 {"1", "3", "4", "5", "6", "7", "8", "11", "12", "13"}, "3"),
          dpi,
          Text("pages", "which pages, for example 1-3,7,last; all if it is not given"),
          password};
}

}  // namespace

HandlerInfo OcrHandlerInfo(const OcrOptions& options) {
  HandlerInfo info;
  info.name = "ocr";
  info.description = "reads the text in images and PDFs";
  info.needs_payload = true;
  info.media_types = {"image/png",       "image/jpeg",        "image/tiff",
                      "application/pdf", "application/x-pdf", "application/octet-stream"};
  info.params = MakeParams(options);
  info.result_types = {"text/plain", "text/html", "text/tab-separated-values", "application/json"};
  info.check = [options](const Params& params) { return Check(params, options); };
  return info;
}

}  // namespace headrace
