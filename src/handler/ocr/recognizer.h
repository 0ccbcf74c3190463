#pragma once

#include <memory>
#include <string>

#include "handler/ocr/picture.h"

namespace tesseract {
class TessBaseAPI;
}

namespace headrace {

enum class OcrOutput { kText, kHocr, kTsv, kJson };

// Tesseract with the languages that were set last; one page at a time, each by itself: no page
// changes how the next one is read. The data of the languages is loaded (LoadLanguageData). Not
// thread-safe; never starts a thread where OMP_THREAD_LIMIT=1 was in the environment at the start.
class Recognizer {
 public:
  Recognizer();
  ~Recognizer();
  Recognizer(const Recognizer&) = delete;
  Recognizer& operator=(const Recognizer&) = delete;

  // `eng`, `deu+eng`. Costs nothing if they are set already. False if Tesseract cannot use the
  // data.
  [[nodiscard]] bool SetLanguages(const std::string& languages);

  // Reads the text of the picture; `mode` is Tesseract's page segmentation mode. False if Tesseract
  // gives up. Throws std::bad_alloc.
  [[nodiscard]] bool Read(const Picture& picture, int mode);

  // The text of the picture that was read last, as page `number`. Throws std::bad_alloc.
  [[nodiscard]] std::string Text(OcrOutput output, int number, const Picture& picture);

 private:
  const std::unique_ptr<tesseract::TessBaseAPI> api_;
  std::string languages_;
};

}  // namespace headrace
