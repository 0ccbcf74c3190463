#pragma once

#include <string>

#include "handler/ocr/recognizer.h"

namespace tesseract {
class TessBaseAPI;
}

namespace headrace {

// What is known of a page beside its text.
struct PageFacts {
  int number = 1;
  int width = 0;  // pixels
  int height = 0;
  int dpi = 0;  // 0: not known
};

// The text that `api` has recognised, as a whole document of its form. Not const: Tesseract's
// getters are not.
std::string WritePage(tesseract::TessBaseAPI& api, OcrOutput output, const PageFacts& page,
                      const std::string& languages);

// `page-0001.txt` and the like, and the media type of such a part.
std::string PartName(OcrOutput output, int number);
const char* MediaTypeOf(OcrOutput output);

}  // namespace headrace
