// The parameters that choose how a page looks.

#include <gmock/gmock.h>

#include <array>
#include <string>

#include "pdf_fixture.h"

namespace headrace {
namespace {

// 200 x 100 points, cropped to 100 x 50: red within the crop box, blue outside of it.
const std::string kCropped = DocumentOf("/MediaBox[0 0 200 100]/CropBox[50 25 150 75]",
                                        "0 0 1 rg 0 0 200 100 re f 1 0 0 rg 50 25 100 50 re f");

// A black square in the middle and an annotation that fills the lower left quarter with green.
const std::string kAnnotated =
    DocumentOf("/MediaBox[0 0 100 100]/Annots[10 0 R]", "0 g 40 40 20 20 re f",
               "10 0 obj<</Type/Annot/Subtype/Stamp/F 4/Rect[0 0 50 50]/AP<</N 11 0 R>>>>endobj\n"
               "11 0 obj<</Type/XObject/Subtype/Form/BBox[0 0 50 50]/Length 23>>stream\n"
               "0 1 0 rg 0 0 50 50 re f\nendstream endobj\n");

struct Colour {
  int red;
  int green;
  int blue;
  int alpha = 255;
  bool operator==(const Colour&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Colour& colour) {
  return out << colour.red << ' ' << colour.green << ' ' << colour.blue << ' ' << colour.alpha;
}

Colour At(const PngImage& image, std::size_t x, std::size_t y) {
  const std::uint8_t* const sample = &image.pixels.at((y * image.width + x) * image.channels);
  if (image.channels == 1) return {sample[0], sample[0], sample[0]};
  return {sample[0], sample[1], sample[2], image.channels == 4 ? sample[3] : 255};
}

PngImage Draw(const std::string& payload, Params params) {
  params.try_emplace("dpi", "72");
  const Done done = Convert(payload, std::move(params));
  EXPECT_EQ(TypeOf(done), "none");
  EXPECT_EQ(done.images.size(), 1U);
  return DecodePng(done.images.at(0).bytes);
}

constexpr Colour kRed{255, 0, 0};
constexpr Colour kGreen{0, 255, 0};
constexpr Colour kBlue{0, 0, 255};
constexpr Colour kWhite{255, 255, 255};

TEST(PdfOptions, TheCropBoxIsDrawnUnlessTheMediaBoxIsAskedFor) {
  const PngImage crop = Draw(kCropped, {{"box", "crop"}});
  EXPECT_EQ(std::pair(crop.width, crop.height), std::pair(100U, 50U));
  EXPECT_EQ(At(crop, 1, 1), kRed);
  const PngImage media = Draw(kCropped, {{"box", "media"}});
  EXPECT_EQ(std::pair(media.width, media.height), std::pair(200U, 100U));
  EXPECT_EQ(At(media, 1, 1), kBlue);
  EXPECT_EQ(At(media, 100, 50), kRed);
}

TEST(PdfOptions, AMediaBoxMayBeInherited) {
  const std::string inherited =
      "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
      "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1/MediaBox[0 0 80 60]>>endobj\n"
      "3 0 obj<</Type/Page/Parent 2 0 R/CropBox[10 10 20 30]>>endobj\n"
      "trailer<</Root 1 0 R>>\n%%EOF\n";
  EXPECT_EQ(Draw(inherited, {}).width, 10U);
  EXPECT_EQ(Draw(inherited, {{"box", "media"}}).width, 80U);
}

// The operator fills what is visible, which is settled when the page is read.
TEST(PdfOptions, AShadingFillsTheWholeMediaBox) {
  const std::string shaded = DocumentOf(
      "/MediaBox[0 0 200 100]/CropBox[50 25 150 75]/Resources<</Shading<</S 10 0 R>>>>", "/S sh",
      "10 0 obj<</ShadingType 2/ColorSpace/DeviceRGB/Coords[0 0 200 0]/Extend[true true]/Function"
      "<</FunctionType 2/Domain[0 1]/C0[0 1 0]/C1[0 1 0]/N 1>>>>endobj\n");
  EXPECT_EQ(At(Draw(shaded, {{"box", "media"}}), 1, 1), kGreen);
}

TEST(PdfOptions, AnnotationsAreDrawnUnlessTheyAreNotWanted) {
  EXPECT_EQ(At(Draw(kAnnotated, {}), 10, 90), kGreen);
  EXPECT_EQ(At(Draw(kAnnotated, {{"annotations", "true"}}), 10, 90), kGreen);
  EXPECT_EQ(At(Draw(kAnnotated, {{"annotations", "false"}}), 10, 90), kWhite);
}

TEST(PdfOptions, TheBackgroundMayHaveAnyColour) {
  const PngImage image = Draw(kAnnotated, {{"background", "#336699"}});
  EXPECT_EQ(At(image, 90, 10), (Colour{0x33, 0x66, 0x99}));
  EXPECT_EQ(At(image, 50, 50), (Colour{0, 0, 0}));
  EXPECT_EQ(At(Draw(kAnnotated, {{"background", "white"}}), 90, 10), kWhite);
}

TEST(PdfOptions, ATransparentPngHasAlphaAndItsColoursUnmixed) {
  const PngImage image = Draw(kAnnotated, {{"background", "transparent"}});
  ASSERT_EQ(image.channels, 4U);
  EXPECT_EQ(At(image, 90, 10).alpha, 0);
  EXPECT_EQ(At(image, 10, 90), kGreen);
  EXPECT_EQ(At(image, 50, 50), (Colour{0, 0, 0}));
}

TEST(PdfOptions, AHalfTransparentShapeKeepsItsColour) {
  const std::string glass =
      DocumentOf("/MediaBox[0 0 100 100]/Resources<</ExtGState<</H 10 0 R>>>>",
                 "/H gs 1 0 0 rg 0 0 100 100 re f", "10 0 obj<</ca 0.5>>endobj\n");
  const Colour colour = At(Draw(glass, {{"background", "transparent"}}), 50, 50);
  EXPECT_NEAR(colour.alpha, 128, 2);
  EXPECT_EQ(colour.red, 255);
  EXPECT_EQ(colour.green, 0);
}

TEST(PdfOptions, GrayGoesTogetherWithABackgroundAndWithTransparency) {
  const PngImage image = Draw(kAnnotated, {{"background", "#ff0000"}, {"gray", "true"}});
  ASSERT_EQ(image.channels, 1U);
  EXPECT_NEAR(At(image, 90, 10).red, 77, 1);
  const PngImage clear = Draw(kAnnotated, {{"background", "transparent"}, {"gray", "true"}});
  ASSERT_EQ(clear.channels, 4U);
  const Colour stamp = At(clear, 10, 90);
  EXPECT_EQ(stamp.red, stamp.green);
  EXPECT_EQ(stamp.alpha, 255);
}

TEST(PdfOptions, ATurnedPageKeepsItsTransparencyAndItsBackground) {
  const std::string turned =
      DocumentOf("/MediaBox[0 0 100 60]/Rotate 90", "1 0 0 rg 0 0 20 20 re f");
  const PngImage clear = Draw(turned, {{"background", "transparent"}});
  EXPECT_EQ(std::pair(clear.width, clear.height), std::pair(60U, 100U));
  EXPECT_EQ(At(clear, 5, 5), kRed);  // the lower left corner is the upper left one now
  EXPECT_EQ(At(clear, 50, 90).alpha, 0);
  EXPECT_EQ(At(Draw(turned, {{"background", "#0000ff"}}), 50, 90), kBlue);
}

TEST(PdfOptions, SmallFilesShowTheSameInFewerBytes) {
  const Params fast{{"pages", "1"}, {"dpi", "72"}};
  Params small = fast;
  small.emplace("compression", "small");
  const Done quick = Convert(Data("sample.pdf"), fast);
  const Done tight = Convert(Data("sample.pdf"), small);
  ASSERT_EQ(tight.images.size(), 1U);
  EXPECT_LT(tight.images[0].bytes.size(), quick.images[0].bytes.size() * 9 / 10);
  EXPECT_TRUE(DecodePng(tight.images[0].bytes).pixels == DecodePng(quick.images[0].bytes).pixels);
}

}  // namespace
}  // namespace headrace
