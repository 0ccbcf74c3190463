#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "handler/ocr/ocr_options.h"

namespace headrace {

// What the files of Tesseract's trained data end with.
inline constexpr std::string_view kTrainedData = ".traineddata";

// The files of all languages, in their order. An error's hint names the first one that this process
// may not read, and what to do.
Expected<std::vector<std::string>> LanguageFiles(const OcrOptions& options);

}  // namespace headrace
