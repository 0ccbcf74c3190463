#include "http/message/negotiation.h"

#include <gtest/gtest.h>

#include <array>

#include "http/jobs/params_source.h"

namespace headrace {
namespace {

constexpr std::array<std::string_view, 3> kOffers{"image/png", "application/zip",
                                                  "application/json"};

TEST(Accept, TakesTheFirstOfferWhereTheClientSaysNothing) {
  EXPECT_EQ(Accept("").Best(kOffers), 0U);
  EXPECT_EQ(Accept("*/*").Best(kOffers), 0U);
}

TEST(Accept, PrefersTheHigherWeight) {
  EXPECT_EQ(Accept("image/png;q=0.5, application/zip").Best(kOffers), 1U);
  EXPECT_EQ(Accept("image/*;q=0.5, application/json;q=0.9, */*;q=0.1").Best(kOffers), 2U);
}

TEST(Accept, LetsTheMostSpecificRangeDecide) {
  EXPECT_EQ(Accept("image/png;q=0, */*").Best(kOffers), 1U);
  EXPECT_EQ(Accept("*/*;q=0.9, image/*;q=0.1").Best(kOffers), 1U);
}

TEST(Accept, FindsNothingWhereNothingIsAcceptable) {
  EXPECT_EQ(Accept("text/html").Best(kOffers), std::nullopt);
  EXPECT_EQ(Accept("*/*;q=0").Best(kOffers), std::nullopt);
}

TEST(Accept, IgnoresParametersAndCase) {
  EXPECT_EQ(Accept("Image/PNG;level=1;q=0.3").Quality("image/png; a=b"), 300);
  EXPECT_EQ(Accept("image/png;q=nonsense").Quality("image/png"), 1000);
  EXPECT_EQ(Accept("nonsense, image/png").Quality("image/png"), 1000);
}

HandlerInfo Handler() {
  ParamSpec format;
  format.name = "format";
  format.type = ParamType::kChoice;
  format.default_value = "png";
  format.choices = {"png", "jpeg", "txt", "json"};
  format.media_types = {"image/png", "image/jpeg", "text/plain", "application/json"};
  ParamSpec password;
  password.name = "passWord";
  password.secret = true;
  HandlerInfo info;
  info.params = {format, password};
  return info;
}

std::string FormatFor(const char* accept) {
  const HandlerInfo handler = Handler();
  ParamsSource source(handler);
  source.ChooseFormat(Accept(accept));
  const Params params = source.Take().params;
  const auto at = params.find("format");
  return at == params.end() ? "" : at->second;
}

TEST(ParamsSource, LetsAcceptChooseTheFormat) {
  EXPECT_EQ(FormatFor("image/jpeg"), "jpeg");
  EXPECT_EQ(FormatFor("image/png;q=0.1, image/jpeg;q=0.5"), "jpeg");
  EXPECT_EQ(FormatFor("image/jpeg, image/png"), "");
  EXPECT_EQ(FormatFor("image/*"), "");
  EXPECT_EQ(FormatFor("application/zip"), "");
}

TEST(ParamsSource, LetsAcceptChooseTextOnlyWhereItIsPreferredToAllElse) {
  EXPECT_EQ(FormatFor("text/plain"), "txt");
  EXPECT_EQ(FormatFor("text/plain, */*;q=0.1"), "txt");
  // What axios sends by itself, and what fetch does.
  EXPECT_EQ(FormatFor("application/json, text/plain, */*"), "");
  EXPECT_EQ(FormatFor("*/*"), "");
  EXPECT_EQ(FormatFor("text/plain, image/jpeg"), "jpeg");
}

TEST(ParamsSource, LeavesJsonToTheFormOfTheResult) { EXPECT_EQ(FormatFor("application/json"), ""); }

TEST(ParamsSource, ChoosesNothingWhereTheFormatsHaveNoTypes) {
  HandlerInfo handler = Handler();
  handler.params[0].media_types.clear();
  ParamsSource source(handler);
  source.ChooseFormat(Accept("image/jpeg"));
  EXPECT_TRUE(source.raw().params.empty());
  EXPECT_TRUE(source.CheckAcceptable(Accept("text/html")).ok());
}

TEST(ParamsSource, SaysBeforeTheJobThatItsFormatIsNotAccepted) {
  const HandlerInfo handler = Handler();
  ParamsSource source(handler);
  ASSERT_TRUE(source.AddQuery("format", "TXT").ok());
  EXPECT_TRUE(source.CheckAcceptable(Accept("text/plain")).ok());
  EXPECT_TRUE(source.CheckAcceptable(Accept("application/zip")).ok());
  const Status refused = source.CheckAcceptable(Accept("image/png"));
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().hint.find("text/plain"), std::string::npos);
}

TEST(ParamsSource, LeavesAGivenFormatAlone) {
  const HandlerInfo handler = Handler();
  ParamsSource source(handler);
  ASSERT_TRUE(source.AddQuery("format", "png").ok());
  source.ChooseFormat(Accept("image/jpeg"));
  EXPECT_FALSE(source.CheckAcceptable(Accept("image/jpeg")).ok());
  EXPECT_TRUE(source.CheckAcceptable(Accept("image/png")).ok());
  EXPECT_EQ(source.Take().params["format"], "png");
}

TEST(ParamsSource, RefusesAParamFromTwoSources) {
  const HandlerInfo handler = Handler();
  ParamsSource source(handler);
  ASSERT_TRUE(source.AddQuery("dpi", "100").ok());
  EXPECT_FALSE(source.AddHeader("Headrace-Param-DPI", "200").ok());
}

TEST(ParamsSource, ReadsParamsFromHeadersInTheHandlersSpelling) {
  const HandlerInfo handler = Handler();
  ParamsSource source(handler);
  ASSERT_TRUE(source.AddHeader("headrace-param-password", "x").ok());
  ASSERT_TRUE(source.AddHeader("Other", "y").ok());
  const RawParams raw = source.Take();
  EXPECT_EQ(raw.params.at("passWord"), "x");
  EXPECT_EQ(raw.params.size(), 1U);
  EXPECT_TRUE(raw.query_params.empty());
}

TEST(ParamsSource, TakesEmptyFormFieldsAsNotGiven) {
  const HandlerInfo handler = Handler();
  ParamsSource source(handler);
  ASSERT_TRUE(source.AddField("pages", "").ok());
  EXPECT_TRUE(source.Take().params.empty());
}

TEST(Accept, PrefersWhatItNamesAboveAllElse) {
  EXPECT_TRUE(Accept("application/zip").Prefers("application/zip"));
  EXPECT_TRUE(Accept("*/*;q=0.1, application/zip;q=0.9").Prefers("application/zip"));
  EXPECT_FALSE(Accept("application/zip, image/png").Prefers("application/zip"));
  EXPECT_FALSE(Accept("application/zip;q=0").Prefers("application/zip"));
  EXPECT_FALSE(Accept("*/*").Prefers("application/zip"));
  EXPECT_FALSE(Accept("").Prefers("application/zip"));
}

}  // namespace
}  // namespace headrace
