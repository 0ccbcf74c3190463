#include "http/body_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace headrace {
namespace {

using State = BodyReader::State;
constexpr std::size_t kMax = 1000;

TEST(BodyReader, TakesTheBytesOfItsLengthAndNoMore) {
  BodyReader reader;
  reader.StartLength(5, kMax);
  EXPECT_EQ(reader.Feed("hel"), 3U);
  EXPECT_EQ(reader.state(), State::kMore);
  EXPECT_EQ(reader.Feed("loGET"), 2U);
  ASSERT_EQ(reader.state(), State::kDone);
  EXPECT_EQ(reader.TakeBody(), "hello");
}

TEST(BodyReader, RefusesALengthAboveTheLimitWithoutReadingIt) {
  BodyReader reader;
  reader.StartLength(kMax + 1, kMax);
  ASSERT_EQ(reader.state(), State::kFailed);
  EXPECT_EQ(reader.error().code, ErrorCode::kPayloadTooLarge);
}

TEST(BodyReader, ReadsARefusedBodyAwayWithoutKeepingIt) {
  BodyReader reader;
  reader.StartDiscard(4);
  EXPECT_EQ(reader.Feed("abcdGET"), 4U);
  EXPECT_EQ(reader.state(), State::kDone);
  EXPECT_EQ(reader.TakeBody(), "");
}

TEST(BodyReader, ReadsChunksInAnySegmentation) {
  const std::string wire =
      "5\r\nhello\r\n1;name=\"va;lue\"\r\n,\r\n0006 ;x\r\n world\r\n0\r\nTrailer: "
      "x\r\nOther: y\r\n\r\n";
  for (std::size_t first = 0; first <= wire.size(); ++first) {
    for (std::size_t second = first; second <= wire.size(); second += 7) {
      BodyReader reader;
      reader.StartChunked(kMax);
      const std::string_view view = wire;
      reader.Feed(view.substr(0, first));
      reader.Feed(view.substr(first, second - first));
      const std::string rest = std::string(view.substr(second)) + "GET";
      EXPECT_EQ(reader.Feed(rest), view.size() - second);
      ASSERT_EQ(reader.state(), State::kDone) << first << " " << second;
      EXPECT_EQ(reader.TakeBody(), "hello, world");
    }
  }
}

TEST(BodyReader, ReadsChunksByteByByte) {
  BodyReader reader;
  reader.StartChunked(kMax);
  for (char c : std::string("3\r\nabc\r\n0\r\n\r\n")) reader.Feed(std::string_view(&c, 1));
  ASSERT_EQ(reader.state(), State::kDone);
  EXPECT_EQ(reader.TakeBody(), "abc");
}

TEST(BodyReader, RefusesMalformedChunks) {
  const std::vector<std::string> bodies{"\r\n",
                                        "x\r\n",
                                        "-1\r\n",
                                        "5\nhello",
                                        "5\r\nhelloX\r\n",
                                        "5\r\nhello\rX",
                                        "1000000000000000\r\n",
                                        "5\rX",
                                        " 5\r\nhello\r\n",
                                        "0\r\nA: b\n\r\n",
                                        "0\r\n\rX",
                                        "5;a\nb\r\n",
                                        "0x5\r\n",
                                        "3\r\nabc\n0\r\n\r\n"};
  for (const auto& body : bodies) {
    BodyReader reader;
    reader.StartChunked(kMax);
    reader.Feed(body);
    ASSERT_EQ(reader.state(), State::kFailed) << body;
    EXPECT_EQ(reader.error().code, ErrorCode::kInvalidArgument) << body;
  }
}

TEST(BodyReader, RefusesChunksThatExceedTheLimitTogetherWith413) {
  BodyReader reader;
  reader.StartChunked(8);
  reader.Feed("5\r\nhello\r\n5\r\n");
  ASSERT_EQ(reader.state(), State::kFailed);
  EXPECT_EQ(reader.error().code, ErrorCode::kPayloadTooLarge);
}

TEST(BodyReader, RefusesEndlessExtensionsAndTrailers) {
  for (const std::string start : {"5;", "0\r\nA: "}) {
    BodyReader reader;
    reader.StartChunked(kMax);
    reader.Feed(start + std::string(20'000, 'a'));
    EXPECT_EQ(reader.state(), State::kFailed) << start;
  }
}

}  // namespace
}  // namespace headrace
