// What comes out of a PDF that is no image: text and metadata.

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>

#include "pdf_fixture.h"

namespace headrace {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

nlohmann::json Metadata(const std::string& payload, Params params = {}) {
  params.emplace("format", "json");
  const Done done = Convert(payload, std::move(params));
  EXPECT_EQ(TypeOf(done), "none");
  EXPECT_EQ(done.images.size(), 1U);
  EXPECT_EQ(done.images.at(0).name, "metadata.json");
  EXPECT_EQ(done.images.at(0).type, "application/json");
  return nlohmann::json::parse(done.images.at(0).bytes);
}

std::string InformationOf(const std::string& entries) {
  return DocumentOf("/MediaBox[0 0 100 100]", "", "10 0 obj<<" + entries + ">>endobj\n",
                    "/Info 10 0 R");
}

TEST(PdfText, IsAPartForEachPageInUtf8) {
  const Done done = Convert(Data("sample.pdf"), {{"format", "txt"}, {"pages", "1,3"}});
  ASSERT_EQ(TypeOf(done), "none");
  ASSERT_EQ(done.images.size(), 2U);
  EXPECT_EQ(done.images[0].name, "page-0001.txt");
  EXPECT_EQ(done.images[0].type, "text/plain; charset=utf-8");
  EXPECT_THAT(done.images[0].bytes, HasSubstr("CPU-heavy work behind HTTP\n"));
  EXPECT_EQ(done.images[1].name, "page-0003.txt");
  EXPECT_THAT(done.images[1].bytes, HasSubstr("Spillway"));
}

TEST(PdfText, OfLettersBeyondAscii) {
  const std::string page =
      DocumentOf("/MediaBox[0 0 300 100]", "BT /F 12 Tf 9 50 Td (na\\357ve \\200 5) Tj ET");
  const Done done = Convert(page, {{"format", "txt"}});
  ASSERT_EQ(done.images.size(), 1U);
  EXPECT_EQ(done.images[0].bytes, "na\u00efve \u20ac 5\n");
}

TEST(PdfText, OfAnEmptyPageIsAnEmptyPart) {
  const Done done = Convert(PageOf("0 0 100 100"), {{"format", "txt"}});
  ASSERT_EQ(done.images.size(), 1U);
  EXPECT_EQ(done.images[0].bytes, "");
}

TEST(PdfText, NeedsThePasswordAsWell) {
  EXPECT_EQ(TypeOf(Convert(Data("locked.pdf"), {{"format", "txt"}})), "pdf-password-required");
  const Done done = Convert(Data("locked.pdf"), {{"format", "txt"}, {"password", "secret"}});
  ASSERT_EQ(done.images.size(), 1U);
  EXPECT_EQ(done.images[0].bytes, "It opens.\n");
}

TEST(PdfMetadata, TellsSizesAndRotationOfEachChosenPage) {
  const auto all = Metadata(Data("boxes.pdf"), {{"pages", "2,5"}});
  EXPECT_EQ(all["page_count"], 5);
  EXPECT_EQ(all["pdf_version"], "1.7");
  ASSERT_EQ(all["pages"].size(), 2U);
  const auto& turned = all["pages"][0];
  EXPECT_EQ(turned["page"], 2);
  EXPECT_EQ(turned["rotation"], 90);
  EXPECT_EQ(turned["crop_box"], nlohmann::json({{"width", 300.0}, {"height", 200.0}}));
  const auto& cropped = all["pages"][1];
  EXPECT_EQ(cropped["page"], 5);
  EXPECT_EQ(cropped["rotation"], 0);
  EXPECT_EQ(cropped["crop_box"], nlohmann::json({{"width", 200.0}, {"height", 100.0}}));
  EXPECT_EQ(cropped["media_box"], nlohmann::json({{"width", 300.0}, {"height", 200.0}}));
}

TEST(PdfMetadata, RoundsSizesToWhatTheDocumentSays) {
  EXPECT_THAT(Convert(Data("sample.pdf"), {{"format", "json"}, {"pages", "1"}}).images.at(0).bytes,
              HasSubstr("{\"width\":595.28,\"height\":841.89}"));
}

TEST(PdfMetadata, TellsTheDocumentsProperties) {
  const auto all = Metadata(InformationOf(
      "/Title<FEFF4E2D6587>/Author(A \\(B\\))/Producer(p)/CreationDate(D:20240229120000Z)"));
  EXPECT_EQ(all["title"], "\u4e2d\u6587");
  EXPECT_EQ(all["author"], "A (B)");
  EXPECT_EQ(all["producer"], "p");
  EXPECT_EQ(all["created"], "D:20240229120000Z");
  EXPECT_TRUE(all["subject"].is_null());
  EXPECT_EQ(all["pdf_version"], "1.6");
  EXPECT_EQ(all["encrypted"], false);
  EXPECT_EQ(all["permissions"]["print"], true);
}

TEST(PdfMetadata, IsJsonWhateverTheDocumentSays) {
  const auto all = Metadata(InformationOf(
      "/Title<FEFFD8000022005C000A0000D83D>/Author(\"\\\\\\001\\377\\n)/Subject<80FF00>"));
  EXPECT_THAT(all["title"].get<std::string>(), StartsWith("\ufffd\"\\\n"));
  EXPECT_THAT(all["author"].get<std::string>(), StartsWith("\"\\"));
}

TEST(PdfMetadata, SaysThatADocumentIsEncryptedAndWhatItsReaderMay) {
  const auto all = Metadata(Data("locked.pdf"), {{"password", "secret"}});
  EXPECT_EQ(all["encrypted"], true);
  EXPECT_EQ(all["permissions"].size(), 8U);
}

TEST(PdfMetadata, OfMorePagesThanTheLimitIsRefused) {
  EXPECT_EQ(TypeOf(Convert(Data("boxes.pdf"), {{"format", "json"}})), "pdf-too-many-pages");
}

TEST(PdfMetadata, OfAPageThatCannotBeReadHasNoSize) {
  const std::string broken =
      "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
      "2 0 obj<</Type/Pages/Kids[3 0 R 9 0 R]/Count 2/MediaBox[0 0 80 60]>>endobj\n"
      "3 0 obj<</Type/Page/Parent 2 0 R>>endobj\n"
      "trailer<</Root 1 0 R>>\n%%EOF\n";
  const auto all = Metadata(broken);
  ASSERT_EQ(all["pages"].size(), 2U);
  EXPECT_EQ(all["pages"][0]["media_box"]["width"], 80.0);
  EXPECT_TRUE(all["pages"][1]["media_box"].is_null());
}

}  // namespace
}  // namespace headrace
