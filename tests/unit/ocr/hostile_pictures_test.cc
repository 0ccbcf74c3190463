// Payloads that are not what they should be.
#include <gmock/gmock.h>
#include <zlib.h>

#include "handler/ocr/payload_kind.h"
#include "ocr_support.h"

namespace headrace {
namespace {

using testing::HasSubstr;

const Lines kText{"some text"};

std::string BigEndian(std::uint32_t number) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) bytes += static_cast<char>(number >> shift);
  return bytes;
}

std::string Chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto crc = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())));
  return BigEndian(static_cast<std::uint32_t>(data.size())) + body + BigEndian(crc);
}

// A PNG whose header claims that size, in gray, with hardly any data.
std::string ClaimingPng(std::uint32_t width, std::uint32_t height) {
  const std::string header = BigEndian(width) + BigEndian(height) + std::string("\x08\0\0\0\0", 5);
  return "\x89PNG\r\n\x1a\n" + Chunk("IHDR", header) +
         Chunk("IDAT", std::string("\x78\x9c\x03\0\0\0\0\x01", 8)) + Chunk("IEND", "");
}

std::string Cut(const std::string& file, double share) {
  return file.substr(0, static_cast<std::size_t>(static_cast<double>(file.size()) * share));
}

TEST(HostilePictures, WhatIsNeitherPictureNorPdfIsRefused) {
  for (const std::string& payload :
       {std::string(), std::string("<html><body>hello</body></html>"), std::string("GIF89a......"),
        std::string("BM......"), std::string(2000, '\0'), std::string("\x89PN")}) {
    const OcrDone done = ReadText(payload);
    EXPECT_EQ(done.Type(), "ocr-unsupported-format") << payload.substr(0, 10);
    EXPECT_THAT(done.Hint(), HasSubstr("PNG, JPEG, TIFF or PDF"));
  }
}

TEST(HostilePictures, TheFirstBytesTellTheKind) {
  const auto kind = [](std::string_view text) { return KindOf(std::as_bytes(std::span(text))); };
  EXPECT_EQ(kind("\x89PNG\r\n\x1a\n"), PayloadKind::kPng);
  EXPECT_EQ(kind("\xff\xd8\xff\xe0"), PayloadKind::kJpeg);
  EXPECT_EQ(kind(std::string_view("II*\0", 4)), PayloadKind::kTiff);
  EXPECT_EQ(kind(std::string_view("MM\0+", 4)), PayloadKind::kTiff);
  EXPECT_EQ(kind("rubbish before %PDF-1.4"), PayloadKind::kPdf);
  EXPECT_EQ(kind("II"), PayloadKind::kUnknown);
}

TEST(HostilePictures, TruncatedFilesAreDamaged) {
  const std::vector<Picture> pages = Pictures(TextPdf({kText}));
  const Picture colour(pixConvertTo32(pages.front().get()));
  for (const int format : {IFF_PNG, IFF_JFIF_JPEG, IFF_TIFF_LZW, IFF_TIFF_ZIP}) {
    for (const Picture* picture : {&pages.front(), &colour}) {
      const std::string file = Encoded(*picture, format);
      ASSERT_EQ(ReadText(file).Type(), "none") << format;
      for (const double share : {0.1, 0.5, 0.9}) {
        const OcrDone done = ReadText(Cut(file, share));
        EXPECT_EQ(done.Type(), "ocr-damaged") << format << ", " << share;
      }
    }
  }
}

TEST(HostilePictures, HeadersAloneAreDamaged) {
  for (const std::string& payload :
       {std::string("\x89PNG\r\n\x1a\n"), std::string("\xff\xd8\xff\xe0"), std::string("II*\0", 4),
        std::string("II*\0\x08\0\0\0", 8), std::string("MM\0*\xff\xff\xff\xff", 8)}) {
    EXPECT_EQ(ReadText(payload).Type(), "ocr-damaged") << payload.size();
  }
}

TEST(HostilePictures, AHeaderThatClaimsTooManyPixelsIsRefusedBeforeAnythingIsDecoded) {
  for (const auto& [width, height] :
       {std::pair(60'000U, 60'000U), std::pair(2'001U, 2'000U), std::pair(40'000U, 10U)}) {
    const OcrDone done = ReadText(ClaimingPng(width, height));
    EXPECT_EQ(done.Type(), "ocr-page-too-large") << width;
    EXPECT_THAT(done.Hint(), HasSubstr("at most 4000000 pixels and 32767 on a side"));
  }
  EXPECT_EQ(ReadText(ClaimingPng(0xFFFF'FFFFU, 0xFFFF'FFFFU)).Type(), "ocr-damaged");
  EXPECT_EQ(ReadText(ClaimingPng(1'000, 1'000)).Type(), "ocr-damaged");
}

TEST(HostilePictures, ThePixelsOfEachPageOfATiffCount) {
  WarmHandler();
  Pixa* pages = pixaCreate(2);
  pixaAddPix(pages, pixCreate(100, 100, 1), L_INSERT);
  pixaAddPix(pages, pixCreate(3'000, 3'000, 1), L_INSERT);
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
  ASSERT_EQ(pixaWriteMemMultipageTiff(&data, &size, pages), 0);
  pixaDestroy(&pages);
  const std::string tiff = TakeFile(data, size);
  EXPECT_EQ(ReadText(tiff, {{"pages", "1"}}).Type(), "none");
  EXPECT_EQ(ReadText(tiff, {{"pages", "2"}}).Type(), "ocr-page-too-large");
}

TEST(HostilePictures, ATiffWhoseDirectoryNamesItselfEnds) {
  // One directory of no entries, the next of which is itself.
  const std::string loop("II*\0\x08\0\0\0\0\0\x08\0\0\0", 14);
  EXPECT_EQ(ReadText(loop).Type(), "ocr-damaged");
}

TEST(HostilePictures, TinyPicturesHaveNoText) {
  WarmHandler();
  for (const int side : {1, 2, 3, 10}) {
    const Picture picture(pixCreate(side, side, 8));
    const OcrDone done = ReadText(Encoded(picture, IFF_PNG));
    EXPECT_EQ(done.Type(), "none") << side;
    EXPECT_EQ(done.Text().find_first_not_of(" \n"), std::string::npos) << done.Text();
  }
}

TEST(HostilePictures, FlippedBitsEndInTextOrAFailure) {
  const std::string png = PngOf(kText);
  const std::string tiff = TiffOf(TextPdf({kText}));
  for (const std::string& file : {png, tiff}) {
    for (std::size_t at = 9; at < file.size(); at += file.size() / 11 + 1) {
      std::string flipped = file;
      flipped[at] = static_cast<char>(flipped[at] ^ 0x41);
      const OcrDone done = ReadText(flipped, {{"psm", "7"}});
      EXPECT_TRUE(done.failure.has_value() || done.parts.size() == 1) << at;
    }
  }
}

}  // namespace
}  // namespace headrace
