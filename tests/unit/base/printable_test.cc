#include "base/printable.h"

#include <gtest/gtest.h>

#include <string>

namespace headrace {
namespace {

TEST(PrintableTest, LeavesTextAsItIs) {
  for (const char* const text : {"", "plain text",
                                 "Gr\xC3\xBC\xC3\x9F"
                                 "e",
                                 "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
    EXPECT_EQ(Printable(text), text);
  }
}

TEST(PrintableTest, EscapesWhatWouldEndALineOrSteerATerminal) {
  EXPECT_EQ(Printable("a\nb\r\t"), "a\\x0ab\\x0d\\x09");
  EXPECT_EQ(Printable("\x1B[2J\x7F"), "\\x1b[2J\\x7f");
  EXPECT_EQ(Printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(Printable("\xC2\x9B"
                      "2J"),
            "\\xc2\\x9b2J")
      << "the same as ESC [";
  EXPECT_EQ(Printable("\xE2\x80\xA8"), "\\xe2\\x80\\xa8") << "a line separator";
  EXPECT_EQ(Printable("\xE2\x80\xAE"), "\\xe2\\x80\\xae") << "right to left";
  EXPECT_EQ(Printable("\xE2\x80\x8F"), "\\xe2\\x80\\x8f") << "a mark that turns what stands by it";
  EXPECT_EQ(Printable("\xD8\x9C"), "\\xd8\\x9c");
}

TEST(PrintableTest, EscapesBytesThatAreNoUtf8) {
  EXPECT_EQ(Printable("\xFF"), "\\xff");
  EXPECT_EQ(Printable("a\xC3"), "a\\xc3") << "cut short";
  EXPECT_EQ(Printable("\xC3("), "\\xc3(");
  EXPECT_EQ(Printable("\xC0\x8A"), "\\xc0\\x8a") << "a line feed that is too long";
  EXPECT_EQ(Printable("\xE0\x80\x8A"), "\\xe0\\x80\\x8a");
  EXPECT_EQ(Printable("\xED\xA0\x80"), "\\xed\\xa0\\x80") << "half a pair";
  EXPECT_EQ(Printable("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond the last";
}

}  // namespace
}  // namespace headrace
