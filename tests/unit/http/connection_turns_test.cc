// One connection does not keep its reactor, its memory or its job from others.
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <new>

#include "connection_fixture.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

constexpr std::size_t kMiB = std::size_t{1} << 20;

Payload MemfdOf(std::size_t size) {
  UniqueFd fd(memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(ftruncate(fd.get(), static_cast<off_t>(size)), 0);
  return Payload::FromMemfd(std::move(fd), size);
}

Answer AnswerOf(Payload payload, bool base64 = false) {
  Answer answer;
  answer.pieces.push_back({"", std::move(payload), base64});
  return answer;
}

class ConnectionTurnsTest : public ConnectionTest {};

TEST_F(ConnectionTurnsTest, AFastReaderOfAFileTakesTurnsWithOthers) {
  connection_->OnInput(Get("/job"));
  connection_->Respond(AnswerOf(MemfdOf(7 * kMiB)));
  EXPECT_EQ(wire_.turns, 1);
  EXPECT_LT(wire_.sent.size(), 3 * kMiB);
  EXPECT_THAT(site_.statuses, ElementsAre());
  for (int turn = 0; turn < 3; ++turn) connection_->OnWritten();
  EXPECT_EQ(wire_.turns, 3);
  EXPECT_GT(wire_.sent.size(), 7 * kMiB);
  EXPECT_THAT(site_.statuses, ElementsAre(200));
}

TEST_F(ConnectionTurnsTest, AFastReaderOfBytesInMemoryTakesTurnsWithOthers) {
  connection_->OnInput(Get("/job"));
  connection_->Respond(AnswerOf(Payload::FromString(std::string(5 * kMiB, 'x'))));
  EXPECT_EQ(wire_.turns, 1);
  connection_->OnWritten();
  connection_->OnWritten();
  EXPECT_THAT(site_.statuses, ElementsAre(200));
}

TEST_F(ConnectionTurnsTest, BytesInBase64AreWrittenPortionByPortion) {
  wire_.room = 0;
  connection_->OnInput(Get("/job"));
  connection_->Respond(AnswerOf(MemfdOf(kMiB), true));
  EXPECT_LT(wire_.sent.size(), kMiB / 2) << "the rest stays where it lies";
  EXPECT_THAT(wire_.sent, HasSubstr("Content-Length: 1398104\r\n"));
  wire_.room = SIZE_MAX;
  wire_.unsent = 0;
  connection_->OnWritten();
  EXPECT_THAT(wire_.sent, EndsWith("AAAA=="));
  EXPECT_EQ(wire_.sent.size() - wire_.sent.find("\r\n\r\n") - 4, 1398104U);
}

TEST_F(ConnectionTurnsTest, AJobWhoseClientLeftUnreadInputBehindIsAbandoned) {
  connection_->OnInput(Get("/job"));
  connection_->OnInput(std::string(100'000, 'x'));
  ASSERT_TRUE(wire_.paused);
  connection_->OnTick(SteadyClock::now());
  EXPECT_FALSE(wire_.closed) << "the client is still there";
  wire_.client_left = true;
  connection_->OnTick(SteadyClock::now());
  EXPECT_TRUE(wire_.closed);
  connection_->OnClosed();
  EXPECT_EQ(site_.abandoned, 1);
}

TEST_F(ConnectionTurnsTest, AnAnswerThatClosesLetsUnreadInputRunOutFirst) {
  connection_->OnInput(Get("/job"));
  connection_->OnInput(Get("/next"));
  edge_.draining = true;
  site_.Finish(*connection_);
  EXPECT_FALSE(wire_.closed) << "a close now would reset the connection";
  EXPECT_TRUE(wire_.write_shut);
}

TEST_F(ConnectionTurnsTest, ASmallChunkedBodyOfARefusedRequestIsReadAway) {
  connection_->OnInput("POST /no HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  connection_->OnInput("3\r\nabc\r\n0\r\n\r\n" + Get("/now"));
  EXPECT_THAT(site_.requests, ElementsAre("/now "));
  EXPECT_EQ(Answers(), 2U);
  EXPECT_FALSE(wire_.write_shut);
}

TEST_F(ConnectionTurnsTest, ALargeChunkedBodyOfARefusedRequestEndsTheConnectionSlowly) {
  connection_->OnInput("POST /no HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  connection_->OnInput("fffff\r\n");
  EXPECT_TRUE(wire_.write_shut);
  EXPECT_FALSE(wire_.closed);
  EXPECT_EQ(edge_.lingering, 1);
  connection_->OnClosed();
  EXPECT_EQ(edge_.lingering, 0);
}

TEST_F(ConnectionTurnsTest, AStreamThatStallsIsCutAfterOneWriteTimeout) {
  options_.write_timeout = std::chrono::seconds(30);
  connection_->OnInput(Get("/job"));
  Answer head;
  head.streamed = true;
  connection_->RespondStream(std::move(head));
  connection_->Stream({{std::string(1000, 'x'), {}}});
  connection_->OnTick(In(std::chrono::seconds(10)));  // all is out: it waits for its next piece
  wire_.room = 0;
  connection_->Stream({{std::string(1000, 'x'), {}}});
  connection_->OnTick(In(std::chrono::seconds(41)));
  EXPECT_TRUE(wire_.closed);
}

// Throws as a reactor's calls do when memory has run out.
class ThrowingSite final : public Site {
 public:
  std::optional<Answer> OnHeaders(Exchange& /*exchange*/) override { throw std::bad_alloc(); }
  void OnRequest(Connection& /*connection*/) override {}
  void OnAnswered(const Exchange& /*exchange*/, int /*status*/) override {}
  void OnConnections(int /*delta*/) override {}
};

TEST_F(ConnectionTurnsTest, OutOfMemoryEndsOneConnectionAndNothingElse) {
  ThrowingSite site;
  const auto connection = std::make_shared<Connection>(options_, site, edge_,
                                                       std::make_unique<FakeWire>(wire_), nullptr);
  CloseIfThrown(*connection, [&] { connection->OnInput(Get("/job")); });
  EXPECT_TRUE(wire_.closed);
}

}  // namespace
}  // namespace headrace
