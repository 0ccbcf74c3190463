#include "base/base64.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace headrace {
namespace {

// RFC 4648, section 10, and one with every kind of digit.
const std::vector<std::pair<std::string, std::string>> kPairs{
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {std::string("\x00\xfb\xef\xbe\xff", 5), "APvvvv8="},
};

TEST(Base64, IsThatOfTheRfc) {
  for (const auto& [bytes, text] : kPairs) {
    std::string out = "before ";
    AppendBase64(out, bytes);
    EXPECT_EQ(out, "before " + text);
    EXPECT_EQ(Base64Size(bytes.size()), text.size());
  }
}

TEST(Base64, IsReadBackAsTheSameBytes) {
  for (const auto& [bytes, text] : kPairs) EXPECT_EQ(DecodeBase64(text), bytes) << text;
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  std::string text;
  AppendBase64(text, all);
  EXPECT_EQ(DecodeBase64(text), all);
}

TEST(Base64, IsNotReadWhereItIsNone) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zm8", "Zg==Zg==", "Z===", "====", "Zm9v\n", " Zm9v",
                           "Zm-_", "Zh==", "Zm9="}) {
    EXPECT_FALSE(DecodeBase64(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace headrace
