#include "handler/ocr/page_text.h"

#include <fmt/format.h>
#include <tesseract/baseapi.h>
#include <tesseract/resultiterator.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "base/json.h"

namespace headrace {
namespace {

using tesseract::PageIteratorLevel;
using tesseract::ResultIterator;

// What Tesseract hands out is the caller's; null when it has no memory.
std::string Owned(char* text) {
  const std::unique_ptr<char[]> owned(text);
  if (!owned) throw std::bad_alloc();
  return owned.get();
}

std::string Hocr(tesseract::TessBaseAPI& api, int number) {
  // The name stands in the text only.
  api.SetInputName(fmt::format("page-{:04}", number).c_str());
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" "
      "\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n"
      "<html xmlns=\"http://www.w3.org/1999/xhtml\">\n <head>\n  <title>page {}</title>\n"
      "  <meta http-equiv=\"Content-Type\" content=\"text/html;charset=utf-8\"/>\n"
      "  <meta name='ocr-system' content='tesseract {}'/>\n"
      "  <meta name='ocr-capabilities' content='ocr_page ocr_carea ocr_par ocr_line ocrx_word'/>\n"
      " </head>\n <body>\n{} </body>\n</html>\n",
      number, tesseract::TessBaseAPI::Version(), Owned(api.GetHOCRText(number - 1)));
}

std::string Tsv(tesseract::TessBaseAPI& api, int number) {
  return "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\t"
         "text\n" +
         Owned(api.GetTSVText(number - 1));
}

Json Count(int value) { return Json::Number(static_cast<std::uint64_t>(value < 0 ? 0 : value)); }

// Two decimals: more are noise.
Json Confidence(float percent) {
  return Json::Number(std::round(static_cast<double>(percent) * 100) / 100);
}

// Left, top, width and height.
Json Box(const ResultIterator& at, PageIteratorLevel level) {
  int left = 0;
  int top = 0;
  int right = 0;
  int bottom = 0;
  at.BoundingBox(level, &left, &top, &right, &bottom);
  return Json::Array({Count(left), Count(top), Count(right - left), Count(bottom - top)});
}

using Members = std::vector<std::pair<std::string, Json>>;

// Box and confidence, of a block or line without its text.
Members Outline(const ResultIterator& at, PageIteratorLevel level) {
  return {{"box", Box(at, level)}, {"confidence", Confidence(at.Confidence(level))}};
}

Members WithText(const ResultIterator& at, PageIteratorLevel level) {
  Members members = Outline(at, level);
  std::string text = Owned(at.GetUTF8Text(level));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  members.emplace_back("text", Json::String(text));
  return members;
}

// Gathers words into lines and lines into blocks. `at` stands at the first word of each, which is
// where its outline is taken.
class Blocks {
 public:
  void Add(const ResultIterator& at) {
    if (at.IsAtBeginningOf(tesseract::RIL_BLOCK)) {
      EndBlock();
      block_ = Outline(at, tesseract::RIL_BLOCK);
    }
    if (at.IsAtBeginningOf(tesseract::RIL_TEXTLINE)) {
      EndLine();
      line_ = WithText(at, tesseract::RIL_TEXTLINE);
    }
    words_.push_back(Json::Object(WithText(at, tesseract::RIL_WORD)));
  }

  Json Take() {
    EndBlock();
    return Json::Array(blocks_);
  }

 private:
  void EndLine() {
    if (words_.empty()) return;
    line_.emplace_back("words", Json::Array(std::exchange(words_, {})));
    lines_.push_back(Json::Object(std::exchange(line_, {})));
  }

  void EndBlock() {
    EndLine();
    if (lines_.empty()) return;
    block_.emplace_back("lines", Json::Array(std::exchange(lines_, {})));
    blocks_.push_back(Json::Object(std::exchange(block_, {})));
  }

  Members block_;
  Members line_;
  std::vector<Json> blocks_;
  std::vector<Json> lines_;
  std::vector<Json> words_;
};

Json BlocksOf(tesseract::TessBaseAPI& api) {
  const std::unique_ptr<ResultIterator> at(api.GetIterator());
  Blocks blocks;
  while (at && !at->Empty(tesseract::RIL_BLOCK)) {
    if (!at->Empty(tesseract::RIL_WORD)) blocks.Add(*at);
    if (!at->Next(tesseract::RIL_WORD)) break;
  }
  return blocks.Take();
}

std::string PageJson(tesseract::TessBaseAPI& api, const PageFacts& page,
                     const std::string& languages) {
  return Json::Object({{"page", Count(page.number)},
                       {"width", Count(page.width)},
                       {"height", Count(page.height)},
                       {"dpi", page.dpi == 0 ? Json() : Count(page.dpi)},
                       {"lang", Json::String(languages)},
                       {"confidence", Count(api.MeanTextConf())},
                       {"blocks", BlocksOf(api)}})
             .Text() +
         "\n";
}

}  // namespace

std::string WritePage(tesseract::TessBaseAPI& api, OcrOutput output, const PageFacts& page,
                      const std::string& languages) {
  switch (output) {
    case OcrOutput::kText:
      return Owned(api.GetUTF8Text());
    case OcrOutput::kHocr:
      return Hocr(api, page.number);
    case OcrOutput::kTsv:
      return Tsv(api, page.number);
    case OcrOutput::kJson:
      return PageJson(api, page, languages);
  }
  std::abort();
}

std::string PartName(OcrOutput output, int number) {
  const char* suffix = "txt";
  switch (output) {
    case OcrOutput::kText:
      break;
    case OcrOutput::kHocr:
      suffix = "hocr";
      break;
    case OcrOutput::kTsv:
      suffix = "tsv";
      break;
    case OcrOutput::kJson:
      suffix = "json";
      break;
  }
  return fmt::format("page-{:04}.{}", number, suffix);
}

const char* MediaTypeOf(OcrOutput output) {
  switch (output) {
    case OcrOutput::kText:
      return "text/plain; charset=utf-8";
    case OcrOutput::kHocr:
      return "text/html; charset=utf-8";
    case OcrOutput::kTsv:
      return "text/tab-separated-values; charset=utf-8";
    case OcrOutput::kJson:
      return "application/json";
  }
  std::abort();
}

}  // namespace headrace
