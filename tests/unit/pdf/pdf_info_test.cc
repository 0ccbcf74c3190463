#include "handler/pdf/pdf_info.h"

#include <gmock/gmock.h>

#include "handler/pdf/page_ranges.h"

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

TEST(PdfInfo, RefusesPagesThatAreNoRange) {
  EXPECT_TRUE(PdfHandlerInfo().check({{"format", "png"}, {"pages", "x"}}).has_value());
}

}  // namespace
}  // namespace headrace
