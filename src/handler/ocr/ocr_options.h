#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace headrace {

// The pseudo-language by which Tesseract finds out how a page is turned. No job can ask for it.
inline constexpr std::string_view kOrientationData = "osd";

// `ocr:` of a queue: what its zygote loads and what one job may ask for. Value type.
struct OcrOptions {
  std::vector<std::string> languages{"eng"};  // the first is the default; may include `osd`
  std::string data_dir = "auto";              // folder of *.traineddata; auto: where it is found
  std::uint64_t max_pixels = 50'000'000;      // of one page
  std::uint64_t max_pages = 500;              // of one job
};

// The languages that jobs may name: all but `osd`.
std::vector<std::string> ReadableLanguages(const OcrOptions& options);

// `deu+eng` as its languages. The + of a query may have come as a blank.
std::vector<std::string> WantedLanguages(std::string_view lang);

// Every problem, each beginning with the key it is about ("languages: ..."). Ranges of numbers are
// the configuration's.
std::vector<std::string> Validate(const OcrOptions& options);

// The executor's command line for these options, and back. An error has a detail for the operator.
std::vector<std::string> ToArguments(const OcrOptions& options);
Expected<OcrOptions> ParseOcrArguments(const std::vector<std::string>& arguments);

}  // namespace headrace
