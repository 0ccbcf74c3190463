// Server-sent events, whole and in pieces.
#include "client/sse_parser.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace headrace {
namespace {

using testing::ElementsAre;

// "id|type|data" of each event; fed `step` bytes at a time.
std::vector<std::string> Events(std::string_view text, std::size_t step = 1'000) {
  std::vector<std::string> events;
  SseParser parser([&](const ServerEvent& event) {
    events.push_back(event.id + "|" + event.type + "|" + event.data);
  });
  for (std::size_t at = 0; at < text.size(); at += step) {
    EXPECT_TRUE(parser.Feed(text.substr(at, step)));
  }
  return events;
}

TEST(SseParser, TakesIdTypeAndData) {
  EXPECT_THAT(Events("id: 1-0-0\nevent: state\ndata: {\"a\":1}\n\n"),
              ElementsAre("1-0-0|state|{\"a\":1}"));
}

TEST(SseParser, IsTheSameInPiecesAndWithAnyEndOfLine) {
  for (const char* text : {"id: 1\nevent: a\ndata: x\ndata: y\n\ndata: z\n\n",
                           "id: 1\r\nevent: a\r\ndata: x\r\ndata: y\r\n\r\ndata: z\r\n\r\n",
                           "id: 1\revent: a\rdata: x\rdata: y\r\rdata: z\r\r",
                           "id:1\nevent:a\ndata:x\ndata:y\n\ndata:z\n\n",
                           "\xEF\xBB\xBFid: 1\nevent: a\ndata: x\ndata: y\n\ndata: z\n\n"}) {
    for (const std::size_t step : {1U, 2U, 3U, 1'000U}) {
      EXPECT_THAT(Events(text, step), ElementsAre("1|a|x\ny", "1|message|z")) << text << step;
    }
  }
}

TEST(SseParser, DropsCommentsRetriesAndEventsWithoutDataOrEnd) {
  EXPECT_THAT(
      Events(": still here\n\nretry: 5\n\nevent: state\n\nid: 7\n\ndata: b\n\ndata: half\n"),
      ElementsAre("7|message|b"));
}

TEST(SseParser, AnIdWithANullIsNone) {
  EXPECT_THAT(Events(std::string_view("id: a\0b\ndata: x\n\n", 17)), ElementsAre("|message|x"));
}

TEST(SseParser, RefusesAnEventWithoutAnEnd) {
  SseParser parser([](const ServerEvent&) {});
  const std::string some(std::size_t{1} << 20, 'x');
  EXPECT_TRUE(parser.Feed("data: "));
  bool taken = true;
  for (int i = 0; i < 17 && taken; ++i) taken = parser.Feed(some);
  EXPECT_FALSE(taken);
}

}  // namespace
}  // namespace headrace
