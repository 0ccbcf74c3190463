// The keys of queues with handler ocr, and the example that shows them.
#include <gmock/gmock.h>

#include <fstream>

#include "config/keys.h"
#include "unit/config/config_fixture.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class OcrKeysTest : public ConfigFixture {
 protected:
  OcrKeysTest() {
    HandlerEntry ocr;
    ocr.info.name = "ocr";
    ocr.executor = "headrace-ocr";
    handlers_.Add(std::move(ocr));
  }

  LoadedConfig LoadOcr(const std::string& keys, std::vector<std::string> environment = {}) {
    return Load("queues:\n  scans:\n    handler: ocr\n    ocr:\n" + keys, std::move(environment));
  }
};

TEST_F(OcrKeysTest, LanguagesAreAListOrWordsWithCommas) {
  for (const char* languages : {"[eng, deu]", "eng, deu", "\n        - eng\n        - deu"}) {
    const LoadedConfig loaded = LoadOcr(std::string("      languages: ") + languages + "\n");
    EXPECT_THAT(loaded.problems, IsEmpty()) << languages;
    EXPECT_THAT(loaded.config.queues.at(0).ocr.languages, ElementsAre("eng", "deu"));
  }
}

TEST_F(OcrKeysTest, TheEnvironmentSetsThemToo) {
  const LoadedConfig loaded =
      LoadOcr("      max_pages: 3\n", {"HEADRACE_QUEUES_SCANS_OCR_LANGUAGES=deu,osd",
                                       "HEADRACE_QUEUES_SCANS_OCR_MAX_PIXELS=20000"});
  EXPECT_THAT(loaded.problems, IsEmpty());
  const OcrOptions& options = loaded.config.queues.at(0).ocr;
  EXPECT_THAT(options.languages, ElementsAre("deu", "osd"));
  EXPECT_EQ(options.max_pixels, 20'000U);
  EXPECT_EQ(options.max_pages, 3U);
}

TEST_F(OcrKeysTest, WhatCannotBeIsRefusedWhereItStands) {
  EXPECT_THAT(
      LoadOcr("      languages: [eng, ../deu]\n").problems,
      ElementsAre(HasSubstr("f.yaml:5: queues.scans.ocr.languages: '../deu' is no language; "
                            "allowed: names of traineddata files")));
  EXPECT_THAT(LoadOcr("      languages: []\n").problems,
              ElementsAre(HasSubstr("f.yaml:5: queues.scans.ocr.languages: must be one value")));
  EXPECT_THAT(LoadOcr("      languages: [{eng: 1}]\n").problems,
              ElementsAre(HasSubstr("queues.scans.ocr.languages: must be")));
  EXPECT_THAT(
      LoadOcr("      max_pages: 0\n").problems,
      ElementsAre(HasSubstr("f.yaml:5: queues.scans.ocr.max_pages: 0 is too small; allowed: "
                            "a whole number of 1 to 4096")));
  EXPECT_THAT(LoadOcr("      dpi: 3\n").problems,
              ElementsAre(HasSubstr("queues.scans.ocr.dpi: unknown key; allowed: languages, "
                                    "data_dir, max_pixels, max_pages")));
}

TEST_F(OcrKeysTest, AListIsNoValueOfAnotherKey) {
  EXPECT_THAT(Load("queues:\n  scans: {handler: ocr, capacity: [1]}\n").problems,
              ElementsAre(HasSubstr("queues.scans.capacity: must be one value")));
}

TEST_F(OcrKeysTest, TheyAreRefusedForOtherHandlers) {
  EXPECT_THAT(
      Load("queues:\n  a:\n    handler: pdf-to-image\n    ocr: {max_pages: 3}\n").problems,
      ElementsAre(HasSubstr("f.yaml:4: queues.a.ocr.max_pages: is for queues with handler ocr")));
}

TEST_F(OcrKeysTest, TheExampleShowsEachWithItsDefaultAndRange) {
  const LoadedConfig loaded = LoadFile(HEADRACE_OCR_EXAMPLE);
  ASSERT_THAT(loaded.problems, IsEmpty());
  std::ifstream stream(HEADRACE_OCR_EXAMPLE);
  const std::string text((std::istreambuf_iterator<char>(stream)), {});
  for (const auto& key : QueueKeys()) {
    if (key.path.rfind("ocr.", 0) != 0) continue;
    EXPECT_EQ(loaded.given.count("queues.ocr." + key.path), 1U) << key.path << " is not shown";
    EXPECT_THAT(text, HasSubstr(key.allowed)) << key.path;
    EXPECT_THAT(text, HasSubstr("default " + key.show(QueueConfig{}))) << key.path;
  }
}

}  // namespace
}  // namespace headrace
