// The forms in which text is given.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "handler/ocr/ocr_info.h"
#include "handler/ocr/page_text.h"
#include "ocr_support.h"

namespace headrace {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

const std::vector<Lines> kPages{{"nothing here"}, {"The gate & the <wheel>", "turn slowly."}};

OcrDone SecondPage(const std::string& output) {
  return ReadText(TextPdf(kPages), {{"output", output}, {"pages", "2"}, {"dpi", "200"}});
}

// [left, top, width, height], inside the page.
void ExpectBox(const json& box, const json& page) {
  ASSERT_TRUE(box.is_array());
  ASSERT_EQ(box.size(), 4U);
  EXPECT_GE(box[0].get<int>(), 0);
  EXPECT_GE(box[1].get<int>(), 0);
  EXPECT_GT(box[2].get<int>(), 0);
  EXPECT_GT(box[3].get<int>(), 0);
  EXPECT_LE(box[0].get<int>() + box[2].get<int>(), page["width"].get<int>());
  EXPECT_LE(box[1].get<int>() + box[3].get<int>(), page["height"].get<int>());
}

void ExpectItem(const json& item, const json& page) {
  ExpectBox(item.at("box"), page);
  EXPECT_GE(item.at("confidence").get<double>(), 0);
  EXPECT_LE(item.at("confidence").get<double>(), 100);
}

TEST(OcrOutput, JsonHasThePageItsBlocksLinesAndWordsWithBoxAndConfidence) {
  const OcrDone done = SecondPage("json");
  ASSERT_EQ(done.parts.size(), 1U) << done.Hint();
  EXPECT_EQ(done.parts[0].name, "page-0002.json");
  EXPECT_EQ(done.parts[0].type, "application/json");
  const json page = json::parse(done.Text());
  EXPECT_EQ(page.at("page"), 2);
  EXPECT_EQ(page.at("width"), 834);  // 300 points at 200 dpi
  EXPECT_EQ(page.at("height"), 223);
  EXPECT_EQ(page.at("dpi"), 200);
  EXPECT_EQ(page.at("lang"), "eng");
  EXPECT_GT(page.at("confidence"), 50);
  std::string text;
  std::size_t words = 0;
  for (const json& block : page.at("blocks")) {
    ExpectItem(block, page);
    for (const json& line : block.at("lines")) {
      ExpectItem(line, page);
      text += line.at("text").get<std::string>() + "|";
      for (const json& word : line.at("words")) {
        ExpectItem(word, page);
        EXPECT_THAT(line.at("text").get<std::string>(),
                    HasSubstr(word.at("text").get<std::string>()));
        ++words;
      }
    }
  }
  EXPECT_EQ(text, "The gate & the <wheel>|turn slowly.|");
  EXPECT_EQ(words, 7U);
}

TEST(OcrOutput, JsonOfAnEmptyPageHasNoBlocks) {
  const OcrDone done = ReadText(TextPdf({{}}), {{"output", "json"}});
  ASSERT_EQ(done.parts.size(), 1U) << done.Hint();
  EXPECT_EQ(json::parse(done.Text()).at("blocks"), json::array());
}

TEST(OcrOutput, JsonSaysThatAPictureDoesNotTellItsResolution) {
  std::string png = PngOf({"some words"});
  constexpr std::size_t kChunk = 4 + 4 + 9 + 4;
  png.erase(png.find("pHYs") - 4, kChunk);
  EXPECT_TRUE(json::parse(ReadText(png, {{"output", "json"}}).Text()).at("dpi").is_null());
  EXPECT_EQ(json::parse(ReadText(png, {{"output", "json"}, {"dpi", "250"}}).Text()).at("dpi"), 250);
}

TEST(OcrOutput, APictureThatTellsItsResolutionKeepsIt) {
  const std::string png = Encoded(Pictures(TextPdf({{"some words"}}), 240).front(), IFF_PNG);
  const OcrDone done = ReadText(png, {{"output", "json"}, {"dpi", "600"}});
  EXPECT_EQ(json::parse(done.Text()).at("dpi"), 240);
}

TEST(OcrOutput, IsOfATypeThatTheHandlerDeclares) {
  const auto declared = OcrHandlerInfo(OcrOptions{}).result_types;
  for (const auto output :
       {OcrOutput::kText, OcrOutput::kHocr, OcrOutput::kTsv, OcrOutput::kJson}) {
    const std::string type = MediaTypeOf(output);
    EXPECT_THAT(declared, Contains(type.substr(0, type.find(';'))));
  }
}

TEST(OcrOutput, HocrIsAWholeDocument) {
  const OcrDone done = SecondPage("hocr");
  ASSERT_EQ(done.parts.size(), 1U) << done.Hint();
  EXPECT_EQ(done.parts[0].name, "page-0002.hocr");
  EXPECT_EQ(done.parts[0].type, "text/html; charset=utf-8");
  EXPECT_THAT(done.Text(), StartsWith("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"));
  EXPECT_THAT(done.Text(), HasSubstr("id='page_2' title='image \"page-0002\"; bbox 0 0 834 223"));
  EXPECT_THAT(done.Text(), HasSubstr("class='ocrx_word'"));
  EXPECT_THAT(done.Text(), HasSubstr("&lt;wheel&gt;"));
  EXPECT_TRUE(done.Text().ends_with(" </body>\n</html>\n"));
}

TEST(OcrOutput, TsvHasAHeadingAndARowForEachWord) {
  const OcrDone done = SecondPage("tsv");
  ASSERT_EQ(done.parts.size(), 1U) << done.Hint();
  EXPECT_EQ(done.parts[0].name, "page-0002.tsv");
  EXPECT_EQ(done.parts[0].type, "text/tab-separated-values; charset=utf-8");
  EXPECT_THAT(done.Text(), StartsWith("level\tpage_num\tblock_num"));
  std::size_t words = 0;
  for (std::size_t at = 0; (at = done.Text().find("\n5\t2\t", at)) != std::string::npos; ++at) {
    ++words;
  }
  EXPECT_EQ(words, 7U);
}

}  // namespace
}  // namespace headrace
