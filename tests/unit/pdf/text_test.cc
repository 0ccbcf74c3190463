#include "handler/pdf/text.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace headrace {
namespace {

using Units = std::vector<unsigned short>;

TEST(PdfText, TurnsUtf16IntoUtf8OfOneToFourBytes) {
  const Units units{'a', 0xE9, 0x20AC, 0x4E2D, 0xD83D, 0xDE00};
  EXPECT_EQ(Utf8(units), "a\u00e9\u20ac\u4e2d\U0001F600");
  EXPECT_EQ(Utf8({}), "");
}

TEST(PdfText, ReplacesHalvesOfPairs) {
  EXPECT_EQ(Utf8(Units{0xD83D, 'x', 0xDE00, 0xD83D}), "\ufffdx\ufffd\ufffd");
}

TEST(PdfText, EndsLinesInOneWay) {
  EXPECT_EQ(PlainText(Units{'a', '\r', '\n', 'b', '\r', 'c', '\n', 'd'}), "a\nb\nc\nd\n");
  EXPECT_EQ(PlainText(Units{'a', '\n'}), "a\n");
  EXPECT_EQ(PlainText({}), "");
}

TEST(PdfText, KeepsTheHyphenOfABrokenWord) {
  EXPECT_EQ(PlainText(Units{'m', 'i', 0xFFFE, 'l', 'l'}), "mi-\nll\n");
  EXPECT_EQ(PlainText(Units{'m', 'i', 0x02, 'l', 'l'}), "mi-\nll\n");
}

TEST(PdfText, LeavesOutControlCharactersAndNoncharacters) {
  EXPECT_EQ(PlainText(Units{0, 'a', 0x1B, '\t', 0x7F, 0x9B, 'b', 0xFFFF, 0xFDD0, 0xD83F, 0xDFFE}),
            "a\tb\n");
}

}  // namespace
}  // namespace headrace
