#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace headrace {
namespace {

TEST(Json, IsNullByDefault) { EXPECT_EQ(Json().Text(), "null"); }

TEST(Json, QuotesPlainText) { EXPECT_EQ(Json::String("hello world").Text(), R"("hello world")"); }

TEST(Json, EscapesWhatWouldEndTheString) {
  EXPECT_EQ(Json::String("a\"b\\c\n\x01").Text(), R"("a\"b\\c\n\u0001")");
}

TEST(Json, KeepsUtf8AndReplacesWhatIsNot) {
  EXPECT_EQ(Json::String("gr\xc3\xbc\xc3\x9f").Text(), "\"gr\xc3\xbc\xc3\x9f\"");
  EXPECT_EQ(Json::String("a\xff").Text(), "\"a\xef\xbf\xbd\"");
}

TEST(Json, WritesNumbersThatAreNotNumbersAsNull) {
  EXPECT_EQ(Json::Number(std::nan("")).Text(), "null");
  EXPECT_EQ(Json::Number(HUGE_VAL).Text(), "null");
  EXPECT_EQ(Json::Number(0.5).Text(), "0.5");
  EXPECT_EQ(Json::Number(std::numeric_limits<std::uint64_t>::max()).Text(), "18446744073709551615");
}

TEST(Json, KeepsTheOrderOfMembersAndEscapesTheirNames) {
  const Json object =
      Json::Object({{"z", Json::Bool(true)}, {"a\"", Json::Array({Json(), Json::Bool(false)})}});
  EXPECT_EQ(object.Text(), R"({"z":true,"a\"":[null,false]})");
}

TEST(Json, FindsTheTextMemberOfAnObjectAndNothingElse) {
  EXPECT_EQ(TextMember(R"({"title":"t","detail":"gr\u00fc\n"})", "detail"), "gr\xc3\xbc\n");
  for (const char* const none : {"", "{", "[]", "\"detail\"", "{}", R"({"detail":5})",
                                 R"({"detail":["x"]})", "{\"detail\":\"\xff\"}"}) {
    EXPECT_EQ(TextMember(none, "detail"), std::nullopt) << none;
  }
  EXPECT_EQ(TextMember(std::string(100'000, '['), "detail"), std::nullopt);
}

TEST(Json, ReadsEveryTypeOfValue) {
  const auto root = ParseJson(R"({"b":[true,null,-1.5,18446744073709551615],"a":"gr\u00fc"})");
  ASSERT_TRUE(root.has_value());
  const auto* const members = root->As<JsonValue::Object>();
  ASSERT_NE(members, nullptr);
  ASSERT_EQ(members->size(), 2U);
  EXPECT_EQ(members->at(0).name, "a");
  EXPECT_EQ(*members->at(0).value.As<std::string>(), "gr\xc3\xbc");
  const auto* const items = members->at(1).value.As<JsonValue::Array>();
  ASSERT_NE(items, nullptr);
  ASSERT_EQ(items->size(), 4U);
  EXPECT_TRUE(*items->at(0).As<bool>());
  EXPECT_NE(items->at(1).As<std::nullptr_t>(), nullptr);
  EXPECT_EQ(*items->at(2).As<double>(), -1.5);
  EXPECT_EQ(*items->at(3).As<std::uint64_t>(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(items->at(0).As<std::string>(), nullptr);
}

TEST(Json, ReadsNothingOfWhatIsNotJsonOrNestedTooDeep) {
  for (const char* const none : {"", "{", "{]", "1 2", "\"\xff\"", "nul"}) {
    EXPECT_FALSE(ParseJson(none).has_value()) << none;
  }
  EXPECT_TRUE(ParseJson(std::string(64, '[') + std::string(64, ']')).has_value());
  EXPECT_FALSE(ParseJson(std::string(65, '[') + std::string(65, ']')).has_value());
  EXPECT_FALSE(ParseJson(std::string(100'000, '[')).has_value());
}

TEST(Json, WritesEmptyArraysAndObjects) {
  EXPECT_EQ(Json::Array({}).Text(), "[]");
  EXPECT_EQ(Json::Object({}).Text(), "{}");
}

}  // namespace
}  // namespace headrace
