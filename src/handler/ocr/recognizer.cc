#include "handler/ocr/recognizer.h"

#include <tesseract/baseapi.h>

#include <string>

#include "handler/ocr/language_data.h"
#include "handler/ocr/page_text.h"

namespace headrace {

Recognizer::Recognizer() : api_(std::make_unique<tesseract::TessBaseAPI>()) {}

Recognizer::~Recognizer() = default;

bool Recognizer::SetLanguages(const std::string& languages) {
  if (languages == languages_) return true;
  languages_.clear();
  const int failed = api_->Init(kMemoryFolder, 0, languages.c_str(), tesseract::OEM_LSTM_ONLY,
                                nullptr, 0, nullptr, nullptr, false, &ReadLanguageData);
  if (failed != 0) return false;
  languages_ = languages;
  return true;
}

bool Recognizer::Read(const Picture& picture, int mode) {
  api_->Clear();
  // Words that were seen before would be likelier now.
  api_->ClearAdaptiveClassifier();
  api_->SetPageSegMode(static_cast<tesseract::PageSegMode>(mode));
  api_->SetImage(picture.get());
  const bool read = api_->Recognize(nullptr) == 0;
  // Tesseract goes on without the pictures that it could not make.
  ThrowIfPicturesLackMemory();
  return read;
}

std::string Recognizer::Text(OcrOutput output, int number, const Picture& picture) {
  return WritePage(*api_, output, {number, picture.Width(), picture.Height(), picture.Dpi()},
                   languages_);
}

}  // namespace headrace
