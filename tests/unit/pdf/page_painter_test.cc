// Pages that are drawn band after band are those which are drawn at once.

#include "handler/pdf/page_painter.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "band_support.h"
#include "handler/pdf/background.h"
#include "pdf_fixture.h"

namespace headrace {
namespace {

PdfDocument OpenDocument(const std::string& payload) {
  WarmHandler();
  auto opened = PdfDocument::Open(std::as_bytes(std::span(payload)), std::nullopt);
  EXPECT_TRUE(std::holds_alternative<PdfDocument>(opened));
  return std::get<PdfDocument>(std::move(opened));
}

// A page's file, painted in bands of so many pixels.
std::string Paint(const std::string& payload, int page, const Params& params,
                  std::uint64_t band_pixels) {
  const PdfDocument document = OpenDocument(payload);
  PdfLimits limits;
  limits.band_pixels = band_pixels;
  PagePainter painter(limits);
  Collector collector;
  const auto failure = painter.Paint(document.Page(page), page, Order(params), collector);
  EXPECT_FALSE(failure) << failure->type;
  return collector.images.empty() ? std::string() : collector.images.at(0).bytes;
}

// PDFium reads and writes the rows of its clip only, and draws them as it draws the page at once.
void ExpectSameInBands(const std::string& payload, int number, const Drawing& drawing) {
  const PdfDocument document = OpenDocument(payload);
  const PdfPage page = document.Page(number);
  const auto pixels =
      static_cast<std::size_t>(drawing.width) * static_cast<std::size_t>(drawing.height);
  std::vector<std::byte> direct(4 * pixels);
  ASSERT_TRUE(page.Draw(drawing, direct.data()));
  for (const int rows : {5000, 333, 57}) {
    EXPECT_TRUE(DrawInBands(page, drawing, rows) == direct) << "page " << number << ", " << rows;
  }
}

TEST(Bands, AreRowByRowThePageThatIsDrawnAtOnce) {
  const std::string sample = Data("sample.pdf");
  for (int page = 1; page <= 3; ++page) ExpectSameInBands(sample, page, {1033, 1461});
  ExpectSameInBands(sample, 2, {1033, 1461, true, kTransparent});
}

TEST(Bands, OfTurnedAndCroppedPagesAreTheSameToo) {
  const std::string boxes = Data("boxes.pdf");
  for (int page = 1; page <= 5; ++page) ExpectSameInBands(boxes, page, {625, 417});
}

TEST(PagePainter, MakesTheSamePictureAtOnceAndInBands) {
  const std::string sample = Data("sample.pdf");
  for (const char* compression : {"fast", "small"}) {
    const Params params{{"dpi", "100"}, {"compression", compression}};
    const PngImage few = DecodePng(Paint(sample, 2, params, 1'000'000));
    const PngImage many = DecodePng(Paint(sample, 2, params, 30'000));
    EXPECT_EQ(few.channels, 3U);
    EXPECT_TRUE(few.pixels == many.pixels) << compression;
  }
  const Params jpeg{{"dpi", "100"}, {"format", "jpeg"}};
  EXPECT_TRUE(Paint(sample, 2, jpeg, 1'000'000) == Paint(sample, 2, jpeg, 30'000));
}

TEST(PagePainter, AGrayPageHasOneChannelAlsoInBands) {
  const std::string gray =
      DocumentOf("/MediaBox[0 0 300 300]", "0.5 g 10 10 280 280 re f 0 g 100 100 50 50 re f");
  EXPECT_EQ(DecodePng(Paint(gray, 1, {{"dpi", "72"}}, 1'000'000)).channels, 1U);
  EXPECT_EQ(DecodePng(Paint(gray, 1, {{"dpi", "72"}}, 5'000)).channels, 1U);
}

TEST(PagePainter, APageWhoseLastBandHasColourIsBegunAgain) {
  const std::string late = DocumentOf("/MediaBox[0 0 300 300]", "1 0 0 rg 10 2 50 1 re f");
  const PngImage whole = DecodePng(Paint(late, 1, {{"dpi", "72"}}, 1'000'000));
  const PngImage banded = DecodePng(Paint(late, 1, {{"dpi", "72"}}, 5'000));
  EXPECT_EQ(banded.channels, 3U);
  EXPECT_TRUE(banded.pixels == whole.pixels);
}

TEST(PagePainter, GrayAndTransparentPagesAreTheSameInBands) {
  const std::string sample = Data("sample.pdf");
  for (const Params& params : {Params{{"dpi", "100"}, {"gray", "true"}},
                               Params{{"dpi", "100"}, {"background", "transparent"}}}) {
    const PngImage few = DecodePng(Paint(sample, 2, params, 1'000'000));
    const PngImage many = DecodePng(Paint(sample, 2, params, 30'000));
    EXPECT_TRUE(few.pixels == many.pixels);
    EXPECT_EQ(few.channels, many.channels);
  }
}

TEST(PagePainter, StopsBetweenTwoBandsOfAJobThatNobodyWants) {
  const std::string sample = Data("sample.pdf");
  const PdfDocument document = OpenDocument(sample);
  PdfLimits limits;
  limits.band_pixels = 30'000;
  PagePainter painter(limits);
  Collector collector;
  collector.cancelled = true;
  const auto failure = painter.Paint(document.Page(1), 1, Order(Params{{"dpi", "72"}}), collector);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->type, "stopped");
  EXPECT_TRUE(collector.images.empty());
}

TEST(PagePainter, DrawsAPageNarrowerThanAPointInBandsToo) {
  const std::string thin = PageOf("0 0 0.5 400");
  const PngImage image = DecodePng(Paint(thin, 1, {{"width", "300"}, {"height", "400"}}, 10'000));
  EXPECT_EQ(std::pair(image.width, image.height), std::pair(300U, 400U));
}

TEST(PagePainter, APageThatShowsNothingIsEmptyInBands) {
  const std::string nothing =
      DocumentOf("/MediaBox[0 0 100 100]/CropBox[200 200 300 300]", "0 g 0 0 500 500 re f");
  const PngImage image =
      DecodePng(Paint(nothing, 1, {{"width", "200"}, {"height", "200"}}, 10'000));
  EXPECT_EQ(std::pair(image.width, image.height), std::pair(200U, 200U));
  EXPECT_EQ(image.pixels.at(0), 255);
}

TEST(PagePainter, NamesTheLimitThatAPageBreaks) {
  const std::string wide = PageOf("0 0 14400 100");
  const PdfDocument document = OpenDocument(wide);
  PdfLimits limits;
  limits.max_page_pixels = 1'000'000;
  PagePainter painter(limits);
  Collector collector;
  const auto failure = painter.Paint(document.Page(1), 1, Order(Params{{"dpi", "600"}}), collector);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->type, "pdf-page-too-large");
  EXPECT_THAT(failure->hint, testing::HasSubstr("120000 x 834 pixels; at most 1 million"));
}

}  // namespace
}  // namespace headrace
