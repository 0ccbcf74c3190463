#include "handler/params.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace headrace {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

ParamSpec Spec(std::string name, ParamType type) {
  ParamSpec spec;
  spec.name = std::move(name);
  spec.type = type;
  return spec;
}

HandlerInfo Painter() {
  HandlerInfo info;
  info.name = "painter";
  ParamSpec dpi = Spec("dpi", ParamType::kInteger);
  dpi.minimum = 10;
  dpi.maximum = 600;
  dpi.default_value = "150";
  ParamSpec scale = Spec("scale", ParamType::kNumber);
  scale.minimum = 0.5;
  ParamSpec gray = Spec("gray", ParamType::kBoolean);
  ParamSpec format = Spec("format", ParamType::kChoice);
  format.choices = {"png", "jpeg"};
  ParamSpec pages = Spec("pages", ParamType::kText);
  pages.max_length = 10;
  ParamSpec password = Spec("password", ParamType::kText);
  password.secret = true;
  password.max_length = 5;
  info.params = {dpi, scale, gray, format, pages, password};
  return info;
}

Params Good(const Params& raw, const std::vector<std::string>& query = {}) {
  auto params = ValidateParams(Painter(), raw, query);
  EXPECT_TRUE(params.ok()) << (params.ok() ? "" : params.error().hint);
  return params.ok() ? *params : Params{};
}

std::string Hint(const Params& raw, const std::vector<std::string>& query = {}) {
  const auto params = ValidateParams(Painter(), raw, query);
  if (params.ok()) return "(accepted)";
  EXPECT_EQ(params.error().code, ErrorCode::kUnprocessable);
  EXPECT_EQ(params.error().type, "invalid-params");
  return params.error().hint;
}

TEST(ParamsTest, FillsInDefaultsAndNothingElse) {
  EXPECT_THAT(Good({}), UnorderedElementsAre(Pair("dpi", "150")));
}

TEST(ParamsTest, WritesValuesInTheirCanonicalForm) {
  EXPECT_THAT(Good({{"dpi", "+0200"},
                    {"scale", "1.50"},
                    {"gray", "On"},
                    {"format", "PNG"},
                    {"pages", "1-3"}}),
              UnorderedElementsAre(Pair("dpi", "200"), Pair("scale", "1.5"), Pair("gray", "true"),
                                   Pair("format", "png"), Pair("pages", "1-3")));
}

TEST(ParamsTest, TakesAnEmptyValueAsNotGiven) {
  EXPECT_THAT(Good({{"dpi", ""}, {"format", ""}, {"pages", ""}}),
              UnorderedElementsAre(Pair("dpi", "150")));
}

TEST(ParamsTest, NamesEveryBadParameterAndWhatIsAllowed) {
  EXPECT_THAT(Hint({{"dpi", "9"},
                    {"scale", "big"},
                    {"gray", "maybe"},
                    {"format", "gif"},
                    {"pages", "1,2,3,4,5,6"},
                    {"colour", "red"}}),
              AllOf(HasSubstr("dpi must be an integer from 10 to 600, not '9'"),
                    HasSubstr("scale must be a number of at least 0.5, not 'big'"),
                    HasSubstr("gray must be true or false, not 'maybe'"),
                    HasSubstr("format must be one of png, jpeg, not 'gif'"),
                    HasSubstr("pages must be text of at most 10 bytes"),
                    HasSubstr("'colour' is not known here, allowed are dpi, scale, gray")));
}

TEST(ParamsTest, RefusesNumbersThatAreNone) {
  for (const char* const bad :
       {"1e2", "10.0", " 10", "10 ", "0x10", "99999999999999999999", "601", "-1", "--1", "+-1"}) {
    EXPECT_THAT(Hint({{"dpi", bad}}), HasSubstr("dpi must be")) << bad;
  }
  for (const char* const bad : {"nan", "inf", "1e999", "0.49", "1,5"}) {
    EXPECT_THAT(Hint({{"scale", bad}}), HasSubstr("scale must be")) << bad;
  }
}

TEST(ParamsTest, RefusesSecretsInTheQueryAndNeverRepeatsThem) {
  EXPECT_THAT(Hint({{"password", "tiger"}}, {"password"}),
              AllOf(HasSubstr("password is a secret"), HasSubstr("Headrace-Param-password"),
                    Not(HasSubstr("tiger"))));
  EXPECT_THAT(
      Hint({{"password", "tigers"}}),
      AllOf(HasSubstr("password must be text of at most 5 bytes"), Not(HasSubstr("tigers"))));
  EXPECT_THAT(Good({{"password", "tiger"}}, {"dpi"}).at("password"), "tiger");
}

TEST(ParamsTest, RefusesTextWithNul) {
  EXPECT_THAT(Hint({{"pages", std::string("1\0", 2)}}), HasSubstr("pages must be"));
}

TEST(ParamsTest, QuotesOnlyShortPrintableText) {
  const std::string hint = Hint({{"format", "\x1b[31m" + std::string(1000, 'x')}});
  EXPECT_THAT(hint, Not(HasSubstr("\x1b")));
  EXPECT_LT(hint.size(), 200U);
  Params many;
  for (int i = 0; i < 200; ++i) many.emplace("unknown-" + std::to_string(i), "x");
  EXPECT_THAT(Hint(many), HasSubstr("190 more are not known here"));
}

TEST(ParamsTest, AsksTheHandlerAboutCombinations) {
  HandlerInfo info = Painter();
  info.check = [](const Params& params) -> std::optional<std::string> {
    if (params.contains("scale")) return "dpi and scale exclude each other";
    return std::nullopt;
  };
  EXPECT_TRUE(ValidateParams(info, {}, {}).ok());
  const auto refused = ValidateParams(info, {{"scale", "1"}}, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().hint, "dpi and scale exclude each other");
}

TEST(ParamsTest, BoundsAllParametersTogether) {
  HandlerInfo info;
  info.params = {Spec("a", ParamType::kText), Spec("b", ParamType::kText)};
  for (ParamSpec& spec : info.params) spec.max_length = 5000;
  const auto refused =
      ValidateParams(info, {{"a", std::string(5000, 'x')}, {"b", std::string(5000, 'x')}}, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().hint, HasSubstr("10002 bytes together, allowed are 8192"));
}

TEST(ParamsTest, SaysThatAHandlerTakesNone) {
  const auto refused = ValidateParams(HandlerInfo{}, {{"a", "1"}}, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().hint, HasSubstr("takes no parameters"));
}

}  // namespace
}  // namespace headrace
