#include "handler/pdf/pdf_handler.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <turbojpeg.h>

#include <utility>

#include "handler/pdf/document.h"
#include "pdf_fixture.h"

namespace headrace {
namespace {

using testing::HasSubstr;

std::pair<unsigned, unsigned> PngSize(const std::string& png) {
  const auto number = [&](std::size_t at) {
    unsigned value = 0;
    for (std::size_t i = 0; i < 4; ++i)
      value = value << 8 | static_cast<unsigned char>(png.at(at + i));
    return value;
  };
  return {number(16), number(20)};
}

TEST(PdfHandler, DrawsEveryPageAsAPngNamedAfterItsNumber) {
  const Done done = Convert(Data("sample.pdf"));
  ASSERT_FALSE(done.failure) << done.failure->hint;
  ASSERT_EQ(done.images.size(), 3U);
  EXPECT_EQ(done.images[2].name, "page-0003.png");
  EXPECT_EQ(done.images[2].type, "image/png");
  EXPECT_EQ(PngSize(done.images[0].bytes), std::pair(1241U, 1754U));  // A4 at 150 dpi
}

TEST(PdfHandler, DrawsOnlyTheChosenPagesInTheirOrder) {
  const Done done = Convert(Data("sample.pdf"), {{"pages", "last,1"}, {"dpi", "20"}});
  ASSERT_EQ(done.images.size(), 2U);
  EXPECT_EQ(done.images[0].name, "page-0003.png");
  EXPECT_EQ(done.images[1].name, "page-0001.png");
}

TEST(PdfHandler, TurnsPagesAndCutsThemToTheCropBox) {
  const Done turned = Convert(Data("boxes.pdf"), {{"dpi", "72"}, {"pages", "1-4"}});
  ASSERT_FALSE(turned.failure) << turned.failure->hint;
  EXPECT_EQ(PngSize(turned.images[0].bytes), std::pair(300U, 200U));
  EXPECT_EQ(PngSize(turned.images[1].bytes), std::pair(200U, 300U));
  const Done cropped = Convert(Data("boxes.pdf"), {{"dpi", "72"}, {"pages", "5"}});
  EXPECT_EQ(PngSize(cropped.images[0].bytes), std::pair(200U, 100U));
}

TEST(PdfHandler, ATurnedPageLooksAsPdfiumDrawsItTurned) {
  const std::string payload = Data("boxes.pdf");
  const Done done = Convert(payload, {{"dpi", "100"}, {"pages", "1-4"}});
  ASSERT_FALSE(done.failure);
  const auto opened = PdfDocument::Open(std::as_bytes(std::span(payload)), std::nullopt);
  for (std::size_t i = 0; i < 4; ++i) {
    const PngImage ours = DecodePng(done.images[i].bytes);
    std::vector<std::byte> direct(std::size_t{4} * ours.width * ours.height);
    const auto page = std::get<PdfDocument>(opened).Page(static_cast<int>(i) + 1);
    ASSERT_EQ(page.QuarterTurns(), static_cast<int>(i));
    const Drawing drawing{static_cast<int>(ours.width), static_cast<int>(ours.height)};
    ASSERT_TRUE(page.Draw(drawing, direct.data()));
    int most = 0;
    double sum = 0;
    for (std::size_t p = 0; p < ours.pixels.size(); ++p) {
      const auto theirs = static_cast<std::uint8_t>(direct[p / 3 * 4 + 2 - p % 3]);
      const int difference = std::abs(static_cast<int>(ours.pixels[p]) - static_cast<int>(theirs));
      sum += difference;
      most = std::max(most, difference);
    }
    // Not equal: the edges of glyphs depend on the direction of the text.
    EXPECT_LT(sum / static_cast<double>(ours.pixels.size()), 0.5)
        << "page " << i + 1 << ", most " << most;
  }
}

TEST(PdfHandler, AWidthAloneKeepsTheAspect) {
  const Done done = Convert(Data("boxes.pdf"), {{"width", "150"}, {"pages", "1"}});
  EXPECT_EQ(PngSize(done.images[0].bytes), std::pair(150U, 100U));
}

TEST(PdfHandler, AWidthAndAHeightAreTakenAsTheyAre) {
  const Done done = Convert(Data("boxes.pdf"), {{"width", "70"}, {"height", "70"}, {"pages", "1"}});
  EXPECT_EQ(PngSize(done.images[0].bytes), std::pair(70U, 70U));
}

TEST(PdfHandler, DrawsJpegInColourAndInGray) {
  for (const auto& [gray, space] : {std::pair("false", TJCS_YCbCr), std::pair("true", TJCS_GRAY)}) {
    const Done done = Convert(Data("sample.pdf"),
                              {{"format", "jpeg"}, {"gray", gray}, {"dpi", "72"}, {"pages", "1"}});
    ASSERT_EQ(done.images.size(), 1U);
    EXPECT_EQ(done.images[0].name, "page-0001.jpg");
    tjhandle decoder = tjInitDecompress();
    int width = 0;
    int height = 0;
    int subsampling = 0;
    int found = 0;
    const std::string& file = done.images[0].bytes;
    ASSERT_EQ(tjDecompressHeader3(decoder, reinterpret_cast<const unsigned char*>(file.data()),
                                  file.size(), &width, &height, &subsampling, &found),
              0);
    tjDestroy(decoder);
    EXPECT_EQ(std::pair(width, height), std::pair(596, 842));
    EXPECT_EQ(found, space);
    EXPECT_EQ(file[13], 1) << "density in dots per inch";
    EXPECT_EQ(file[15], 72);
  }
}

TEST(PdfHandler, GrayPagesAreSmallerPngs) {
  const Done colour = Convert(Data("sample.pdf"), {{"dpi", "50"}, {"pages", "1"}});
  const Done gray = Convert(Data("sample.pdf"), {{"dpi", "50"}, {"pages", "1"}, {"gray", "true"}});
  EXPECT_LT(gray.images[0].bytes.size(), colour.images[0].bytes.size());
}

TEST(PdfHandler, OpensAnEncryptedDocumentWithItsPassword) {
  EXPECT_EQ(TypeOf(Convert(Data("locked.pdf"))), "pdf-password-required");
  EXPECT_EQ(TypeOf(Convert(Data("locked.pdf"), {{"password", "wrong"}})), "pdf-password-wrong");
  const Done done = Convert(Data("locked.pdf"), {{"password", "secret"}});
  EXPECT_EQ(TypeOf(done), "none");
  EXPECT_EQ(done.images.size(), 1U);
}

TEST(PdfHandler, APasswordThatIsNotNeededDoesNoHarm) {
  EXPECT_EQ(TypeOf(Convert(Data("boxes.pdf"), {{"password", "x"}, {"pages", "1"}})), "none");
}

TEST(PdfHandler, SaysWhatIsNotAPdf) {
  EXPECT_EQ(TypeOf(Convert("")), "pdf-not-a-pdf");
  EXPECT_EQ(TypeOf(Convert("<html></html>")), "pdf-not-a-pdf");
  EXPECT_EQ(TypeOf(Convert("%PDF-1.7\n")), "pdf-damaged");
}

TEST(PdfHandler, SaysThatADocumentHasNoPages) {
  std::string file = "%PDF-1.4\n";
  const std::size_t catalog = file.size();
  file += "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n";
  const std::size_t pages = file.size();
  file += "2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n";
  const std::size_t table = file.size();
  file += fmt::format(
      "xref\n0 3\n0000000000 65535 f \n{:010} 00000 n \n{:010} 00000 n \n"
      "trailer<</Size 3/Root 1 0 R>>\nstartxref\n{}\n%%EOF\n",
      catalog, pages, table);
  EXPECT_EQ(TypeOf(Convert(file)), "pdf-no-pages");
}

TEST(PdfHandler, NamesAPageThatTheDocumentDoesNotHave) {
  const Done done = Convert(Data("sample.pdf"), {{"pages", "2-9"}});
  EXPECT_EQ(TypeOf(done), "pdf-page-out-of-range");
  EXPECT_THAT(done.failure->hint, HasSubstr("no page 9: the document has 3"));
}

TEST(PdfHandler, RefusesMorePagesThanTheLimit) {
  EXPECT_EQ(TypeOf(Convert(Data("boxes.pdf"))), "pdf-too-many-pages");
}

TEST(PdfHandler, RefusesAPageOfTooManyPixelsBeforeItAllocates) {
  EXPECT_EQ(TypeOf(Convert(PageOf("0 0 20000 20000"), {{"dpi", "100"}})), "pdf-page-too-large");
  EXPECT_EQ(TypeOf(Convert(PageOf("0 0 1000000000 1000000000"))), "pdf-page-too-large");
}

TEST(PdfHandler, DrawsAPageWithADegenerateBoxOrSaysWhyNot) {
  for (const char* box : {"0 0 0 0", "100 100 0 0", "0 0 0.001 500"}) {
    const Done done = Convert(PageOf(box), {{"dpi", "72"}});
    EXPECT_TRUE(!done.images.empty() || done.failure) << box;
  }
}

TEST(PdfHandler, StopsWhenNobodyWantsThePagesAnyMore) {
  const std::string payload = Data("sample.pdf");
  Job job;
  job.params = {{"format", "png"}, {"gray", "false"}, {"dpi", "20"}};
  job.payload = std::as_bytes(std::span(payload));
  Collector collector;
  collector.most = 1;
  EXPECT_TRUE(WarmHandler().Run(job, collector).has_value());
  EXPECT_EQ(collector.images.size(), 1U);
}

}  // namespace
}  // namespace headrace
