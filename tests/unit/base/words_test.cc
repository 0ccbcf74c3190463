#include "base/words.h"

#include <gmock/gmock.h>

namespace headrace {
namespace {

using testing::ElementsAre;

TEST(Words, AreSplitAndFreedOfBlanks) {
  EXPECT_THAT(SplitWords("deu, eng ,\tfra", ','), ElementsAre("deu", "eng", "fra"));
  EXPECT_THAT(SplitWords("one", ','), ElementsAre("one"));
}

TEST(Words, EmptyOnesStayForTheCallerToRefuse) {
  EXPECT_THAT(SplitWords("", ','), ElementsAre(""));
  EXPECT_THAT(SplitWords("a, ,b,", ','), ElementsAre("a", "", "b", ""));
}

TEST(Words, AStringGivesItsMemoryBack) {
  std::string text(10'000, 'x');
  FreeMemory(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(text.capacity(), std::string().capacity());
}

}  // namespace
}  // namespace headrace
