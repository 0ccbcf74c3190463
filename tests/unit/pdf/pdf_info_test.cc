#include "handler/pdf/pdf_info.h"

#include <gmock/gmock.h>

#include <span>
#include <string>
#include <vector>

#include "handler/params.h"
#include "handler/pdf/page_ranges.h"
#include "handler/pdf/pdf_limits.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::vector<int> Select(std::string_view text, int count) {
  auto ranges = PageRanges::Parse(text);
  EXPECT_TRUE(ranges.ok()) << text;
  int bad_page = 0;
  return ranges->Select(count, 2000, &bad_page).value_or(std::vector<int>{});
}

int BadPage(std::string_view text, int count) {
  int bad_page = -1;
  EXPECT_FALSE(PageRanges::Parse(text)->Select(count, 2000, &bad_page).has_value());
  return bad_page;
}

TEST(PageRanges, TakesSinglePagesRangesAndTheLastInTheirOrder) {
  EXPECT_THAT(Select("1-3,7,last", 9), ElementsAre(1, 2, 3, 7, 9));
  EXPECT_THAT(Select("last,1", 4), ElementsAre(4, 1));
}

TEST(PageRanges, AnOpenRangeRunsToTheEnd) {
  EXPECT_THAT(Select("3-", 5), ElementsAre(3, 4, 5));
  EXPECT_THAT(Select("2-last", 3), ElementsAre(2, 3));
}

TEST(PageRanges, APageNamedTwiceIsTakenOnce) {
  EXPECT_THAT(Select("1,1-2,2", 3), ElementsAre(1, 2));
}

TEST(PageRanges, NamesThePageThatDoesNotExist) {
  EXPECT_EQ(BadPage("1,12", 9), 12);
  EXPECT_EQ(BadPage("4-12", 9), 12);
}

TEST(PageRanges, RefusesARangeThatRunsBackwards) { EXPECT_EQ(BadPage("3-2", 9), 0); }

TEST(PageRanges, ListsOnlyOnePageMoreThanTheLimit) {
  int bad_page = 0;
  EXPECT_THAT(*PageRanges::Parse("1-")->Select(2'000'000'000, 10, &bad_page), SizeIs(11));
}

TEST(PageRanges, RefusesWhatIsNoRange) {
  for (const char* text :
       {"", ",", "0", "-3", "1--2", "a", "1-2-3", "1,", " 1", "99999999999", "1;2"}) {
    EXPECT_FALSE(PageRanges::Parse(text).ok()) << text;
  }
}

TEST(PdfInfo, RefusesDpiBesideASize) {
  EXPECT_THAT(
      PdfHandlerInfo().check({{"format", "png"}, {"dpi", "100"}, {"width", "9"}}).value_or(""),
      HasSubstr("either dpi"));
}

TEST(PdfInfo, RefusesQualityForPng) {
  EXPECT_THAT(PdfHandlerInfo().check({{"format", "png"}, {"quality", "9"}}).value_or(""),
              HasSubstr("jpeg"));
  EXPECT_FALSE(PdfHandlerInfo().check({{"format", "jpeg"}, {"quality", "9"}}).has_value());
}

// What the handler says against these parameters beside the defaults; empty: nothing.
std::string Refusal(Params params) {
  auto checked = ValidateParams(PdfHandlerInfo(), params, {});
  return checked ? std::string() : checked.error().hint;
}

TEST(PdfInfo, TakesEachParameterWithItsFormat) {
  for (const Params& params :
       {Params{}, Params{{"format", "json"}}, Params{{"format", "txt"}, {"pages", "2-"}},
        Params{{"box", "media"}, {"annotations", "false"}, {"compression", "small"}},
        Params{{"background", "transparent"}, {"gray", "true"}},
        Params{{"background", "#a0B1c2"}, {"format", "jpeg"}},
        Params{{"background", "a0b1c2"}, {"width", "100"}},
        Params{{"format", "txt"}, {"gray", "false"}, {"background", "white"}}}) {
    EXPECT_EQ(Refusal(params), "");
  }
}

TEST(PdfInfo, RefusesATransparentJpeg) {
  EXPECT_THAT(Refusal({{"format", "jpeg"}, {"background", "transparent"}}), HasSubstr("opaque"));
}

TEST(PdfInfo, RefusesCompressionForJpeg) {
  EXPECT_THAT(Refusal({{"format", "jpeg"}, {"compression", "small"}}), HasSubstr("by quality"));
}

TEST(PdfInfo, RefusesBackgroundsThatAreNoColour) {
  for (const char* text : {"red", "#fff", "#1234567", "#12345g", "##12345", "-12345", "0x1234"}) {
    EXPECT_THAT(Refusal({{"background", text}}), HasSubstr("six hexadecimal digits")) << text;
  }
}

TEST(PdfInfo, RefusesWhatIsForImagesWhereNoneAreMade) {
  for (const auto& [name, value] : Params{{"dpi", "100"},
                                          {"width", "9"},
                                          {"height", "9"},
                                          {"quality", "9"},
                                          {"gray", "true"},
                                          {"box", "media"},
                                          {"annotations", "false"},
                                          {"background", "#000000"},
                                          {"compression", "small"}}) {
    for (const char* format : {"txt", "json"}) {
      EXPECT_EQ(Refusal({{"format", format}, {name, value}}),
                name + " is for images; format=" + format + " makes none");
    }
  }
}

TEST(PdfLimits, TravelOnACommandLine) {
  PdfLimits limits;
  limits.max_pages = 7;
  limits.max_page_pixels = 123;
  std::vector<std::string> texts = PdfArguments(limits);
  std::vector<char*> arguments;
  for (std::string& text : texts) arguments.push_back(text.data());
  const auto parsed = ParsePdfArguments(arguments);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->max_pages, 7U);
  EXPECT_EQ(parsed->max_page_pixels, 123U);
  EXPECT_EQ(ParsePdfArguments({})->max_pages, PdfLimits{}.max_pages);
}

TEST(PdfLimits, NameTheArgumentThatIsWrong) {
  for (std::string text : {"--max-pages=0", "--max-pages=4097", "--max-pages=x", "--max-pages",
                           "--max-page-pixels=1000000001", "--max-page-pixels=-1", "--what=1"}) {
    char* const argument = text.data();
    const auto parsed = ParsePdfArguments(std::span(&argument, 1));
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_THAT(parsed.error().hint, HasSubstr(text));
  }
}

TEST(PdfInfo, RefusesPagesThatAreNoRange) {
  EXPECT_TRUE(PdfHandlerInfo().check({{"format", "png"}, {"pages", "x"}}).has_value());
}

}  // namespace
}  // namespace headrace
