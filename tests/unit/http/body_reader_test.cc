#include "http/message/body_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace headrace {
namespace {

using State = BodyReader::State;
constexpr std::size_t kMax = 1000;

struct Collected final : BodySink {
  Status Write(std::string_view bytes) override {
    text += bytes;
    return Ok();
  }
  std::string text;
};

struct Full final : BodySink {
  Status Write(std::string_view /*bytes*/) override {
    return Error{ErrorCode::kOverloaded, "full", "", "", 1};
  }
};

TEST(BodyReader, TakesTheBytesOfItsLengthAndNoMore) {
  Collected body;
  BodyReader reader;
  reader.StartLength(5, kMax, &body);
  EXPECT_EQ(reader.Feed("hel"), 3U);
  EXPECT_EQ(reader.state(), State::kMore);
  EXPECT_EQ(reader.Feed("loGET"), 2U);
  ASSERT_EQ(reader.state(), State::kDone);
  EXPECT_EQ(body.text, "hello");
}

TEST(BodyReader, RefusesALengthAboveTheLimitWithoutReadingIt) {
  BodyReader reader;
  reader.StartLength(kMax + 1, kMax, nullptr);
  ASSERT_EQ(reader.state(), State::kFailed);
  EXPECT_EQ(reader.error().code, ErrorCode::kPayloadTooLarge);
}

TEST(BodyReader, TakesABodyInChunksOfOneByte) {
  BodyReader reader;
  reader.StartChunked(100'000, nullptr);
  for (int i = 0; i < 100'000; ++i) reader.Feed("1\r\nx\r\n");
  reader.Feed("0\r\n\r\n");
  EXPECT_EQ(reader.state(), State::kDone);
}

TEST(BodyReader, RefusesABodyThatIsNearlyAllFraming) {
  BodyReader reader;
  reader.StartChunked(100'000, nullptr);
  const std::string chunk = "1;" + std::string(4000, 'e') + "\r\nx\r\n";
  int chunks = 0;
  while (reader.state() == State::kMore && chunks < 1000) {
    reader.Feed(chunk);
    ++chunks;
  }
  ASSERT_EQ(reader.state(), State::kFailed);
  EXPECT_EQ(reader.error().code, ErrorCode::kInvalidArgument);
  EXPECT_LT(chunks, 20);
}

TEST(BodyReader, ReadsARefusedBodyAwayWithoutKeepingIt) {
  BodyReader reader;
  reader.StartDiscard(4);
  EXPECT_EQ(reader.Feed("abcdGET"), 4U);
  EXPECT_EQ(reader.state(), State::kDone);
}

TEST(BodyReader, ReadsChunksInAnySegmentation) {
  const std::string wire =
      "5\r\nhello\r\n1;name=\"va;lue\"\r\n,\r\n0006 ;x\r\n world\r\n0\r\nTrailer: "
      "x\r\nOther: y\r\n\r\n";
  for (std::size_t first = 0; first <= wire.size(); ++first) {
    for (std::size_t second = first; second <= wire.size(); second += 7) {
      Collected body;
      BodyReader reader;
      reader.StartChunked(kMax, &body);
      const std::string_view view = wire;
      reader.Feed(view.substr(0, first));
      reader.Feed(view.substr(first, second - first));
      const std::string rest = std::string(view.substr(second)) + "GET";
      EXPECT_EQ(reader.Feed(rest), view.size() - second);
      ASSERT_EQ(reader.state(), State::kDone) << first << " " << second;
      EXPECT_EQ(body.text, "hello, world");
    }
  }
}

TEST(BodyReader, ReadsChunksByteByByte) {
  Collected body;
  BodyReader reader;
  reader.StartChunked(kMax, &body);
  for (char c : std::string("3\r\nabc\r\n0\r\n\r\n")) reader.Feed(std::string_view(&c, 1));
  ASSERT_EQ(reader.state(), State::kDone);
  EXPECT_EQ(body.text, "abc");
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
                                        "3\r\nabc\n0\r\n\r\n",
                                        "1 2\r\n",
                                        "5 \r\n",
                                        "5;\r\n",
                                        "5;a=\r\n",
                                        "5;a b\r\n",
                                        "5;a=\"b\r\n",
                                        "5;a=\x01\r\n",
                                        "0\r\nA\r\n",
                                        "0\r\n A: b\r\n",
                                        "0\r\nA : b\r\n",
                                        "0\r\nA: \x01\r\n"};
  for (const auto& text : bodies) {
    Collected body;
    BodyReader reader;
    reader.StartChunked(kMax, &body);
    reader.Feed(text);
    ASSERT_EQ(reader.state(), State::kFailed) << text;
    EXPECT_EQ(reader.error().code, ErrorCode::kInvalidArgument) << text;
  }
}

TEST(BodyReader, RefusesChunksThatExceedTheLimitTogetherWith413) {
  BodyReader reader;
  reader.StartChunked(8, nullptr);
  reader.Feed("5\r\nhello\r\n5\r\n");
  ASSERT_EQ(reader.state(), State::kFailed);
  EXPECT_EQ(reader.error().code, ErrorCode::kPayloadTooLarge);
}

TEST(BodyReader, EndsWithTheSinksError) {
  Full full;
  BodyReader reader;
  reader.StartLength(5, kMax, &full);
  reader.Feed("he");
  ASSERT_EQ(reader.state(), State::kFailed);
  EXPECT_EQ(reader.error().type, "full");
  EXPECT_EQ(reader.Feed("llo"), 0U);
}

TEST(BodyReader, RefusesEndlessExtensionsAndTrailers) {
  for (const std::string start : {"5;", "0\r\nA: "}) {
    Collected body;
    BodyReader reader;
    reader.StartChunked(kMax, &body);
    reader.Feed(start + std::string(20'000, 'a'));
    EXPECT_EQ(reader.state(), State::kFailed) << start;
  }
}

}  // namespace
}  // namespace headrace
