#include "handler/ocr/ocr_handler.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "ocr_support.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

const Lines kFox{"The quick brown fox jumps", "over the lazy dog."};

std::string Data(const std::string& name) {
  std::ifstream in(std::filesystem::path(TEST_DATA) / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::size_t EntriesOf(const char* folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

std::size_t Threads() { return EntriesOf("/proc/self/task"); }

// Executors inherit the numbers of descriptors but not the descriptors. Says something only in a
// process of its own, as ctest runs it.
TEST(OcrHandler, LeavesNoDescriptorOpenWhenItIsWarm) {
  const std::size_t before = EntriesOf("/proc/self/fd");
  WarmHandler();
  EXPECT_EQ(EntriesOf("/proc/self/fd"), before);
}

TEST(OcrHandler, ReadsEnglishFromAPngAsATextPart) {
  const OcrDone done = ReadText(PngOf(kFox));
  ASSERT_EQ(done.Type(), "none") << done.Hint();
  ASSERT_EQ(done.parts.size(), 1U);
  EXPECT_EQ(done.parts[0].name, "page-0001.txt");
  EXPECT_EQ(done.parts[0].type, "text/plain; charset=utf-8");
  EXPECT_EQ(done.Text(), "The quick brown fox jumps\nover the lazy dog.\n");
}

TEST(OcrHandler, StaysOnOneThread) {
  ASSERT_EQ(ReadText(PngOf(kFox)).Type(), "none");
#ifndef HEADRACE_SANITIZED  // some of whose runtimes have a thread of their own
  EXPECT_EQ(Threads(), 1U);
#else
  EXPECT_LE(Threads(), 2U);
#endif
}

TEST(OcrHandler, ReadsGermanUmlautsFromAJpeg) {
  const Lines lines{
      "Sch\xf6ne Gr\xfc\xdf"
      "e aus K\xf6ln,",
      "\xdc"
      "ber die \xc4rzte und \xd6l."};
  const std::string jpeg = Encoded(Pictures(TextPdf({lines})).front(), IFF_JFIF_JPEG);
  const OcrDone done = ReadText(jpeg, {{"lang", "deu"}});
  EXPECT_EQ(done.Text(),
            "Sch\u00f6ne Gr\u00fc\u00dfe aus K\u00f6ln,\n\u00dcber die \u00c4rzte und \u00d6l.\n")
      << done.Hint();
}

TEST(OcrHandler, ReadsTwoLanguagesTogether) {
  const std::string png = PngOf({"The weather is fine.", "Sch\xf6nes Wetter heute."});
  for (const char* lang : {"deu+eng", "deu eng"}) {  // the + of a query comes as a blank
    EXPECT_EQ(ReadText(png, {{"lang", lang}}).Text(),
              "The weather is fine.\nSch\u00f6nes Wetter heute.\n");
  }
}

TEST(OcrHandler, ReadsChinese) {
  if (!HasLanguage("chi_sim")) GTEST_SKIP() << "tesseract-ocr-chi-sim is not installed";
  // "Today the weather is very good" in UTF-16.
  const std::string pdf = TextPdf({{"<4ECA592959296C145F88597D>"}}, kChineseFont);
  const OcrDone done = ReadText(pdf, {{"lang", "chi_sim"}, {"psm", "7"}});
  std::string text = done.Text();
  std::erase(text, ' ');
  EXPECT_EQ(text, "\u4eca\u5929\u5929\u6c14\u5f88\u597d\n") << done.Hint();
}

TEST(OcrHandler, ReadsAPageThatIsTurnedWhereItMayLookForIt) {
  const Lines lines{"The quick brown fox jumps over",  "the lazy dog while nobody looks,",
                    "and the dog that was quick once", "sleeps on and dreams of foxes.",
                    "Every morning the miller opens",  "the gate and lets the water in."};
  const std::vector<Picture> upright = Pictures(TextPdf({lines}));
  for (const int turns : {1, 2, 3}) {
    const Picture turned(pixRotateOrth(upright.front().get(), turns));
    const OcrDone done = ReadText(Encoded(turned, IFF_PNG), {{"psm", "1"}});
    EXPECT_THAT(done.Text(), HasSubstr("the lazy dog while nobody looks,")) << turns;
  }
}

TEST(OcrHandler, ReadsThePagesOfATiffInTheirOrder) {
  const std::string tiff = TiffOf(TextPdf({{"first page"}, {"second page"}, {"third page"}}));
  const OcrDone all = ReadText(tiff);
  ASSERT_EQ(all.parts.size(), 3U) << all.Hint();
  EXPECT_EQ(all.parts[1].name, "page-0002.txt");
  EXPECT_EQ(all.parts[1].text, "second page\n");
  const OcrDone chosen = ReadText(tiff, {{"pages", "last,1"}});
  ASSERT_EQ(chosen.parts.size(), 2U);
  EXPECT_EQ(chosen.parts[0].name, "page-0003.txt");
  EXPECT_EQ(chosen.parts[1].text, "first page\n");
}

TEST(OcrHandler, ReadsBilevelColouredAndTransparentPictures) {
  const std::vector<Picture> pages = Pictures(TextPdf({kFox}));
  const Picture bilevel(pixConvertTo1(pages.front().get(), 128));
  const Picture colour(pixConvertTo32(pages.front().get()));
  // Black text whose paper is transparent: it is white for who reads it.
  const Picture transparent(pixConvertTo32(pages.front().get()));
  pixSetSpp(transparent.get(), 4);
  const Picture alpha(pixInvert(nullptr, pages.front().get()));
  pixSetRGBComponent(transparent.get(), alpha.get(), L_ALPHA_CHANNEL);
  const Picture palette(pixConvertRGBToColormap(colour.get(), 0));
  for (const Picture* picture : {&bilevel, &colour, &transparent, &palette}) {
    EXPECT_THAT(ReadText(Encoded(*picture, IFF_PNG)).Text(), HasSubstr("quick brown fox"));
  }
  EXPECT_THAT(ReadText(Encoded(bilevel, IFF_TIFF_G4)).Text(), HasSubstr("quick brown fox"));
  EXPECT_THAT(ReadText(Encoded(colour, IFF_TIFF_LZW)).Text(), HasSubstr("quick brown fox"));
}

TEST(OcrHandler, ReadsPdfsAlsoWithAPassword) {
  const OcrDone done = ReadText(TextPdf({{"page one"}, {"page two"}}));
  ASSERT_EQ(done.parts.size(), 2U) << done.Hint();
  EXPECT_EQ(done.parts[1].text, "page two\n");
  const std::string locked = Data("locked.pdf");
  EXPECT_EQ(ReadText(locked).Type(), "pdf-password-required");
  EXPECT_EQ(ReadText(locked, {{"password", "wrong"}}).Type(), "pdf-password-wrong");
  EXPECT_THAT(ReadText(locked, {{"password", "secret"}}).Text(), HasSubstr("It opens."));
}

TEST(OcrHandler, AnEmptyPageHasNoText) {
  const OcrDone done = ReadText(TextPdf({{}}));
  ASSERT_EQ(done.parts.size(), 1U) << done.Hint();
  EXPECT_EQ(done.Text().find_first_not_of(" \n"), std::string::npos) << done.Text();
}

TEST(OcrHandler, NoPageChangesHowAnotherIsRead) {
  const std::string one = TextPdf({{"wvvwm rnrnm clcl", "illegible woros"}});
  const std::string other = TextPdf({{"words words words", "legible words"}});
  const OcrDone first = ReadText(one, {{"output", "tsv"}});
  ReadText(other, {{"output", "tsv"}});
  ReadText(other, {{"lang", "deu"}});
  EXPECT_EQ(ReadText(one, {{"output", "tsv"}}).Text(), first.Text());
}

TEST(OcrHandler, TellsItsProgressPageByPage) {
  const OcrDone done = ReadText(TextPdf({{"one"}, {"two"}}));
  EXPECT_THAT(done.progress, ElementsAre(Pair(0U, 2U), Pair(1U, 2U), Pair(2U, 2U)));
}

TEST(OcrHandler, ReadsOnlyThePagesThatItIsGiven) {
  const std::string pdf = TextPdf({{"one"}, {"two"}, {"three"}});
  OcrDone done;
  OcrCollector collector(done, 1000);
  collector.GiveEvenTasksOnly();
  ASSERT_FALSE(WarmHandler().Run(ToJob(pdf, {{"pages", "3,2,1"}}), collector));
  ASSERT_EQ(done.parts.size(), 2U);
  EXPECT_EQ(done.parts[0].name, "page-0003.txt");
  EXPECT_EQ(done.parts[1].name, "page-0001.txt");
}

TEST(OcrHandler, StopsWhenNobodyWantsThePagesAnyMore) {
  const OcrDone done = ReadText(TextPdf({{"one"}, {"two"}}), {}, 1);
  EXPECT_TRUE(done.failure);
  EXPECT_EQ(done.parts.size(), 1U);
}

TEST(OcrHandler, NamesAPageThatIsNotThere) {
  const OcrDone done = ReadText(PngOf({"one"}), {{"pages", "2"}});
  EXPECT_EQ(done.Type(), "ocr-page-out-of-range");
  EXPECT_THAT(done.Hint(), HasSubstr("there is no page 2: the document has 1"));
  EXPECT_EQ(ReadText(TextPdf({{"one"}, {"two"}}), {{"pages", "2-1"}}).Type(),
            "ocr-page-out-of-range");
}

TEST(OcrHandler, RefusesMorePagesThanTheLimit) {
  const std::string pdf = TextPdf({{"1"}, {"2"}, {"3"}, {"4"}, {"5"}});
  const OcrDone done = ReadText(pdf);
  EXPECT_EQ(done.Type(), "ocr-too-many-pages");
  EXPECT_THAT(done.Hint(), HasSubstr("more than 4 pages"));
  EXPECT_EQ(ReadText(pdf, {{"pages", "5"}, {"psm", "7"}}).Type(), "none");
}

TEST(OcrHandler, RefusesAPdfPageOfTooManyPixelsBeforeItIsDrawn) {
  const OcrDone done = ReadText(TextPdf({{"one"}}), {{"dpi", "600"}});
  EXPECT_EQ(done.Type(), "none") << done.Hint();
  const std::string huge =
      "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
      "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
      "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 14000 14000]>>endobj\n"
      "trailer<</Root 1 0 R>>\n%%EOF\n";
  EXPECT_EQ(ReadText(huge).Type(), "ocr-page-too-large");
}

}  // namespace
}  // namespace headrace
