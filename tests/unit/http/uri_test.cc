#include "http/message/uri.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(PercentDecode, DecodesOnce) {
  EXPECT_EQ(PercentDecode("a%20b%2525", false), "a b%25");
  EXPECT_EQ(PercentDecode("a+b", true), "a b");
  EXPECT_EQ(PercentDecode("a+b", false), "a+b");
  EXPECT_EQ(PercentDecode("%c3%A4", false), "\xC3\xA4");
}

TEST(PercentDecode, RefusesMalformedEscapesAndNul) {
  for (const char* text : {"%", "%2", "a%4", "%zz", "%0", "%00", "%-1"}) {
    EXPECT_EQ(PercentDecode(text, false), std::nullopt) << text;
  }
}

TEST(ParseQuery, TakesParamsApartInOrder) {
  const auto params = ParseQuery("dpi=200&&pages=1-3%2Clast&gray&a=b=c");
  ASSERT_TRUE(params.ok());
  ASSERT_EQ(params->size(), 4U);
  EXPECT_EQ((*params)[1].name, "pages");
  EXPECT_EQ((*params)[1].value, "1-3,last");
  EXPECT_EQ((*params)[2].value, "");
  EXPECT_EQ((*params)[3].value, "b=c");
}

TEST(ParseQuery, RefusesAParameterGivenTwice) {
  const auto params = ParseQuery("dpi=1&dp%69=2");
  ASSERT_FALSE(params.ok());
  EXPECT_EQ(params.error().code, ErrorCode::kUnprocessable);
}

TEST(ParseQuery, RefusesMalformedQueries) {
  std::string many;
  for (int i = 0; i < 65; ++i) many += "a" + std::to_string(i) + "=1&";
  for (const std::string& query : {std::string("a=%"), std::string("=b"), many}) {
    const auto params = ParseQuery(query);
    ASSERT_FALSE(params.ok()) << query;
    EXPECT_EQ(params.error().code, ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace headrace
