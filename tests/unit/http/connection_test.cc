#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "connection_fixture.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST_F(ConnectionTest, AnswersRequestsOnOneConnectionInOrder) {
  connection_->OnInput(Get("/now") + Post("/now", 3) + "abc" + Get("/now"));
  EXPECT_THAT(site_.requests, ElementsAre("/now ", "/now abc", "/now "));
  EXPECT_EQ(Answers(), 3U);
  EXPECT_FALSE(wire_.closed);
}

TEST_F(ConnectionTest, ComesToTheSameAnswersWhereverTheBytesAreSplit) {
  const std::string wire =
      Get("/now") + Post("/now", 3) + "abc" +
      "POST /now HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\n";
  for (std::size_t split = 0; split <= wire.size(); ++split) {
    FakeSite site;
    FakeWire::State state;
    const auto connection = std::make_shared<Connection>(
        options_, site, edge_, std::make_unique<FakeWire>(state), nullptr);
    connection->OnInput(std::string_view(wire).substr(0, split));
    connection->OnInput(std::string_view(wire).substr(split));
    ASSERT_THAT(site.requests, ElementsAre("/now ", "/now abc", "/now xyz")) << split;
    EXPECT_THAT(state.sent, EndsWith("/now xyz"));
  }
}

TEST_F(ConnectionTest, HandlesOneRequestAtATime) {
  connection_->OnInput(Get("/first") + Get("/second"));
  EXPECT_THAT(site_.requests, ElementsAre("/first "));
  site_.Finish(*connection_);
  EXPECT_THAT(site_.requests, ElementsAre("/first ", "/second "));
  EXPECT_EQ(Answers(), 1U);
  site_.Finish(*connection_);
  EXPECT_EQ(Answers(), 2U);
}

TEST_F(ConnectionTest, StopsReadingWhenPipelinedRequestsPileUp) {
  connection_->OnInput(Get("/first"));
  for (int i = 0; i < 3000; ++i) connection_->OnInput(Get("/now"));
  EXPECT_TRUE(wire_.paused);
  site_.Finish(*connection_);
  EXPECT_FALSE(wire_.paused);
  EXPECT_EQ(site_.requests.size(), 3001U);
}

// Each within its own bound; without another one ten thousand of them would fill the memory.
TEST_F(ConnectionTest, ClosesWhoSendsAheadWhenAllTogetherHoldTooMuch) {
  const std::string head = "GET /slow HTTP/1.1\r\nX: " + std::string(20'000, 'x');
  const std::string ahead = Get("/job") + std::string(32'000, 'x');
  for (const std::string& text : {head, ahead}) {
    std::vector<std::shared_ptr<Connection>> open;
    FakeWire::State state;
    const auto send = [&] {
      open.push_back(std::make_shared<Connection>(options_, site_, edge_,
                                                  std::make_unique<FakeWire>(state), nullptr));
      open.back()->OnInput(text);
    };
    while (!state.closed && open.size() < 10'000) send();
    EXPECT_GT(open.size(), kMostHeld / 64'000);
    EXPECT_LT(open.size(), kMostHeld / 20'000 + 2);
    connection_->OnInput(Get("/now"));  // who holds little is not concerned
    EXPECT_FALSE(wire_.closed);
    open.back()->OnClosed();
    open.front()->OnClosed();
    state.closed = false;
    send();
    EXPECT_FALSE(state.closed);
  }
  EXPECT_EQ(Answers(), 2U);
}

TEST_F(ConnectionTest, AbandonsTheJobOfAClientThatHasGone) {
  connection_->OnInput(Get("/job"));
  connection_->OnClosed();
  EXPECT_EQ(site_.abandoned, 1);
  EXPECT_THAT(site_.statuses, ElementsAre(499));
  connection_->Respond(Answer());
  EXPECT_THAT(wire_.sent, IsEmpty());
}

TEST_F(ConnectionTest, DoesNotAbandonAJobThatIsAnswered) {
  connection_->OnInput(Get("/job"));
  site_.Finish(*connection_);
  connection_->OnClosed();
  EXPECT_EQ(site_.abandoned, 0);
  EXPECT_THAT(site_.statuses, ElementsAre(200));
}

TEST_F(ConnectionTest, InvitesTheBodyOnlyOnceTheRequestIsLetIn) {
  connection_->OnInput(Post("/now", 3, "Expect: 100-continue\r\n"));
  EXPECT_EQ(wire_.sent, "HTTP/1.1 100 Continue\r\n\r\n");
  connection_->OnInput("abc");
  EXPECT_THAT(wire_.sent, EndsWith("/now abc"));
}

TEST_F(ConnectionTest, DoesNotInviteABodyThatIsAlreadyComing) {
  connection_->OnInput(Post("/now", 3, "Expect: 100-continue\r\n") + "a");
  EXPECT_EQ(wire_.sent, "");
}

TEST_F(ConnectionTest, RefusesBeforeTheBodyAndKeepsTheConnectionForASmallRest) {
  connection_->OnInput(Post("/no", 1000, "Expect: 100-continue\r\n"));
  EXPECT_THAT(wire_.sent, StartsWith("HTTP/1.1 429 "));
  connection_->OnInput(std::string(1000, 'x') + Get("/now"));
  EXPECT_THAT(site_.requests, ElementsAre("/now "));
  EXPECT_FALSE(wire_.write_shut);
}

TEST_F(ConnectionTest, ClosesSlowlyAfterRefusingALargeBody) {
  connection_->OnInput(Post("/no", 1 << 20));
  EXPECT_THAT(wire_.sent, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(wire_.write_shut);
  for (int i = 0; i < 16; ++i) connection_->OnInput(std::string(1 << 16, 'x'));
  EXPECT_FALSE(wire_.closed);
  EXPECT_EQ(edge_.lingering, 1);
  connection_->OnTick(In(std::chrono::seconds(6)));
  EXPECT_TRUE(wire_.closed);
  connection_->OnClosed();
  EXPECT_EQ(edge_.lingering, 0);
}

TEST_F(ConnectionTest, StopsDiscardingAfterSixtyFourMegabytes) {
  connection_->OnInput(Post("/no", std::size_t{1} << 40));
  const std::string block(1 << 20, 'x');
  for (int i = 0; i < 64; ++i) connection_->OnInput(block);
  EXPECT_FALSE(wire_.closed);
  connection_->OnInput(block);
  EXPECT_TRUE(wire_.closed);
}

TEST_F(ConnectionTest, ClosesAfterAMalformedRequest) {
  connection_->OnInput("GET / HTTP/1.1\r\nHost : a\r\n\r\n" + Get("/now"));
  EXPECT_THAT(wire_.sent, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(wire_.sent, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(site_.requests, IsEmpty());
  EXPECT_TRUE(wire_.write_shut);
}

TEST_F(ConnectionTest, ClosesWhenTheClientAsksForIt) {
  connection_->OnInput("GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(wire_.sent, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(wire_.closed);
}

TEST_F(ConnectionTest, ClosesWhileDraining) {
  edge_.draining = true;
  connection_->OnInput(Get("/now"));
  EXPECT_THAT(wire_.sent, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(wire_.closed);
}

TEST_F(ConnectionTest, EndsWhenIdleWhileDraining) {
  edge_.draining = true;
  edge_.ending = true;
  connection_->OnTick(In(std::chrono::seconds(1)));
  EXPECT_TRUE(wire_.closed);
}

TEST_F(ConnectionTest, AnswersARequestThatWasOnItsWayWhenDrainingBegan) {
  edge_.draining = true;
  edge_.ending = true;
  connection_->OnTick(SteadyClock::now());
  ASSERT_FALSE(wire_.closed);
  connection_->OnInput(Get("/now"));
  EXPECT_THAT(wire_.sent, StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(wire_.closed);
}

TEST_F(ConnectionTest, SendsNoBodyForHead) {
  connection_->OnInput("HEAD /now HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(wire_.sent, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(wire_.sent, EndsWith("\r\n\r\n"));
}

TEST_F(ConnectionTest, AnswersASlowHeadWith408) {
  connection_->OnInput("GET /now HT");
  connection_->OnTick(In(options_.header_timeout / 2));
  EXPECT_EQ(Answers(), 0U);
  connection_->OnTick(In(options_.header_timeout * 2));
  EXPECT_THAT(wire_.sent, StartsWith("HTTP/1.1 408 "));
  EXPECT_TRUE(wire_.write_shut);
}

TEST_F(ConnectionTest, AnswersASlowBodyWith408) {
  connection_->OnInput(Post("/now", 1000) + "x");
  connection_->OnTick(In(options_.body_timeout * 2));
  EXPECT_THAT(wire_.sent, StartsWith("HTTP/1.1 408 "));
}

TEST_F(ConnectionTest, LetsALongBodyTakeItsTimeWhileItMovesOn) {
  connection_->OnInput(Post("/now", std::size_t{1} << 21));
  for (int i = 1; i <= 3; ++i) {
    connection_->OnInput(std::string(std::size_t{1} << 19, 'x'));
    connection_->OnTick(In((options_.body_timeout + std::chrono::milliseconds(1)) * i));
  }
  EXPECT_EQ(Answers(), 0U);
}

TEST_F(ConnectionTest, ClosesAnIdleConnectionSilently) {
  connection_->OnTick(In(options_.idle_timeout * 2));
  EXPECT_TRUE(wire_.closed);
  EXPECT_EQ(wire_.sent, "");
}

TEST_F(ConnectionTest, NeverTimesOutWhileAJobIsPending) {
  connection_->OnInput(Get("/job"));
  connection_->OnTick(In(std::chrono::hours(1)));
  EXPECT_FALSE(wire_.closed);
  EXPECT_EQ(wire_.sent, "");
}

TEST_F(ConnectionTest, CutsAReaderThatTakesNothing) {
  wire_.room = 10;
  connection_->OnInput(Get("/now"));
  connection_->OnTick(In(options_.write_timeout / 2));
  EXPECT_FALSE(wire_.closed);
  connection_->OnTick(In(options_.write_timeout * 2));
  EXPECT_TRUE(wire_.closed);
}

TEST_F(ConnectionTest, CutsAReaderBelowTheMinimumRateAndNoOther) {
  const auto window = options_.write_timeout + std::chrono::seconds(1);
  const auto least =
      static_cast<std::size_t>(window / std::chrono::seconds(1)) * options_.min_write_rate;
  wire_.room = 0;
  connection_->OnInput(Get("/job"));
  Answer answer;
  answer.text = std::string(4 * least, 'x');
  connection_->Respond(std::move(answer));
  wire_.unsent -= 2 * least;
  connection_->OnTick(In(window));
  EXPECT_FALSE(wire_.closed);
  wire_.unsent -= least / 2;
  connection_->OnTick(In(2 * window));
  EXPECT_TRUE(wire_.closed);
}

TEST_F(ConnectionTest, PacksALongTextForThoseWhoTakeGzip) {
  for (const std::string fields : {"Accept-Encoding: gzip\r\n", ""}) {
    wire_.sent.clear();
    connection_->OnInput("GET /job HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
    Answer answer;
    answer.text = std::string(10'000, 'x');
    answer.compressible = true;
    connection_->Respond(std::move(answer));
    EXPECT_THAT(wire_.sent, HasSubstr("Vary: Accept-Encoding\r\n"));
    EXPECT_EQ(wire_.sent.size() < 1000, !fields.empty());
    EXPECT_EQ(wire_.sent.find("Content-Encoding: gzip\r\n") != std::string::npos, !fields.empty());
  }
}

TEST_F(ConnectionTest, LeavesAResultAsItIs) {
  connection_->OnInput("GET /job HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
  Answer answer;
  answer.text = std::string(10'000, 'x');
  connection_->Respond(std::move(answer));
  EXPECT_THAT(wire_.sent, EndsWith(answer.text));
}

TEST_F(ConnectionTest, TakesTheNextRequestOnlyWhenTheAnswerIsOut) {
  wire_.room = 10;
  connection_->OnInput(Get("/now") + Get("/now"));
  EXPECT_EQ(site_.requests.size(), 1U);
  wire_.room = SIZE_MAX;
  wire_.unsent = 0;
  connection_->OnWritten();
  EXPECT_EQ(site_.requests.size(), 2U);
}

TEST_F(ConnectionTest, ReadsNothingWhileAnAnswerIsOnItsWay) {
  connection_->OnInput(Get("/job"));
  EXPECT_FALSE(wire_.paused);
  wire_.room = 10;
  site_.Finish(*connection_);
  EXPECT_TRUE(wire_.paused);
  wire_.unsent = 0;
  connection_->OnWritten();
  EXPECT_FALSE(wire_.paused);
}

TEST_F(ConnectionTest, SendsALargeResultInMemoryInPortions) {
  connection_->OnInput(Get("/job"));
  Answer answer;
  const std::string bytes(1'000'000, 'x');
  answer.pieces.push_back({"<", Payload::FromString(bytes)});
  answer.pieces.push_back({">", {}});
  wire_.room = 1000;
  connection_->Respond(std::move(answer));
  while (wire_.unsent > 0) {
    EXPECT_LE(wire_.unsent, std::size_t{256} << 10);
    wire_.unsent = 0;
    wire_.room = 1000;
    connection_->OnWritten();
  }
  EXPECT_THAT(wire_.sent, EndsWith("\r\n\r\n<" + bytes + ">"));
  EXPECT_THAT(site_.statuses, ElementsAre(200));
}

}  // namespace
}  // namespace headrace
