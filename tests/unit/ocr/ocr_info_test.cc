#include "handler/ocr/ocr_info.h"

#include <gmock/gmock.h>

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

OcrOptions Languages(std::vector<std::string> languages) {
  OcrOptions options;
  options.languages = std::move(languages);
  return options;
}

std::string Problem(const OcrOptions& options, Params params) {
  params.try_emplace("lang", "eng");
  params.try_emplace("psm", "3");
  return OcrHandlerInfo(options).check(params).value_or("");
}

TEST(OcrInfo, TheFirstLanguageIsTheDefaultEvenBehindOsd) {
  const HandlerInfo info = OcrHandlerInfo(Languages({"osd", "deu", "eng"}));
  ASSERT_EQ(info.params.front().name, "lang");
  EXPECT_EQ(info.params.front().default_value, "deu");
  EXPECT_THAT(info.params.front().description, HasSubstr("of deu, eng"));
}

TEST(OcrInfo, TakesTheLanguagesOfTheQueueAloneAndTogether) {
  const OcrOptions options = Languages({"eng", "deu", "osd"});
  for (const char* lang : {"eng", "deu", "deu+eng", "deu eng", "eng+deu"}) {
    EXPECT_EQ(Problem(options, {{"lang", lang}}), "") << lang;
  }
}

TEST(OcrInfo, NamesTheLanguagesWhereAnotherIsAskedFor) {
  const OcrOptions options = Languages({"eng", "deu", "osd"});
  for (const char* lang : {"fra", "eng+fra", "osd", "../eng", "Eng", "~eng"}) {
    EXPECT_THAT(Problem(options, {{"lang", lang}}),
                HasSubstr("is not read here; allowed are eng, deu, or several joined by +"))
        << lang;
  }
  EXPECT_THAT(Problem(options, {{"lang", "eng+eng"}}), HasSubstr("'eng' is named twice"));
  EXPECT_THAT(Problem(options, {{"lang", "+"}}), HasSubstr("allowed are eng, deu"));
}

TEST(OcrInfo, LooksForHowAPageIsTurnedOnlyWithTheDataForIt) {
  for (const char* psm : {"1", "12"}) {
    EXPECT_THAT(Problem(Languages({"eng"}), {{"psm", psm}}), HasSubstr("`osd`"));
    EXPECT_EQ(Problem(Languages({"eng", "osd"}), {{"psm", psm}}), "");
  }
}

TEST(OcrInfo, RefusesPagesThatAreNoRange) {
  EXPECT_NE(Problem(Languages({"eng"}), {{"pages", "x"}}), "");
}

TEST(OcrOptions, ComeBackFromACommandLineAsTheyWere) {
  OcrOptions options = Languages({"eng", "chi_sim", "script/Latin"});
  options.data_dir = "/data=dir, with blanks";
  options.max_pixels = 12'345'678'901;
  options.max_pages = 7;
  const auto parsed = ParseOcrArguments(ToArguments(options));
  ASSERT_TRUE(parsed.ok()) << parsed.error().detail;
  EXPECT_EQ(parsed->languages, options.languages);
  EXPECT_EQ(parsed->data_dir, options.data_dir);
  EXPECT_EQ(parsed->max_pixels, options.max_pixels);
  EXPECT_EQ(parsed->max_pages, 7U);
}

TEST(OcrOptions, ACommandLineThatIsWrongIsRefused) {
  for (const char* argument : {"--unknown=1", "--max-pages", "--max-pages=many", "--max-pixels=-1",
                               "--languages=", "--languages=../eng", "--data-dir="}) {
    EXPECT_FALSE(ParseOcrArguments({argument}).ok()) << argument;
  }
  EXPECT_TRUE(ParseOcrArguments({}).ok());
}

TEST(OcrOptions, NamesOfLanguagesAreChecked) {
  EXPECT_THAT(Validate(Languages({"eng", "chi_sim_vert", "script/Latin"})), IsEmpty());
  for (const char* name : {"", "../eng", "eng.traineddata", "a/b/c", "/eng", "eng/", "e ng"}) {
    EXPECT_THAT(Validate(Languages({"eng", name})), ElementsAre(HasSubstr("is no language")))
        << name;
  }
  EXPECT_THAT(Validate(Languages({"eng", "eng"})), ElementsAre(HasSubstr("named twice")));
  EXPECT_THAT(Validate(Languages({"osd"})), ElementsAre(HasSubstr("osd alone reads no text")));
  std::vector<std::string> many;
  for (int i = 0; i < 33; ++i) many.push_back("l" + std::to_string(i));
  EXPECT_THAT(Validate(Languages(many)), ElementsAre(HasSubstr("33 are too many")));
}

}  // namespace
}  // namespace headrace
