#pragma once

#include <string>
#include <vector>

#include "handler/ocr/ocr_options.h"

namespace headrace {

// The trained data of a queue's languages, in memory: an executor opens no file. One per process,
// because Tesseract asks for it by a plain function. Filled before the executors are forked, which
// share its pages.

// The folder that is given to Tesseract as that of the data; there is none of that name.
inline constexpr const char* kMemoryFolder = "memory";

// Reads the files of all languages. Throws std::runtime_error that names the file which is missing,
// and what to do.
void LoadLanguageData(const OcrOptions& options);

// Tesseract's FileReader: `path` is "memory/eng.traineddata". False for a language that is not
// loaded.
bool ReadLanguageData(const char* path, std::vector<char>* data);

}  // namespace headrace
