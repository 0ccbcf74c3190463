// Answers that leave in pieces.
#include <gmock/gmock.h>

#include <optional>

#include "connection_fixture.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ConnectionStreamTest : public ConnectionTest {
 protected:
  void Begin(std::optional<std::uint64_t> length = std::nullopt) {
    connection_->OnInput(Get("/job"));
    Answer head;
    head.streamed = true;
    head.length = length;
    connection_->RespondStream(std::move(head));
  }
  static std::vector<AnswerPiece> Pieces(const std::string& text) {
    std::vector<AnswerPiece> pieces;
    pieces.push_back({"", Payload::FromString(text)});
    return pieces;
  }
  void Send(const std::string& text) { connection_->Stream(Pieces(text)); }
  [[nodiscard]] std::string Body() const {
    return wire_.sent.substr(wire_.sent.find("\r\n\r\n") + 4);
  }
};

TEST_F(ConnectionStreamTest, OfUnknownLengthAreInChunks) {
  Begin();
  Send("one ");
  Send("");
  EXPECT_THAT(wire_.sent, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_EQ(Body(), "4\r\none \r\n");
  connection_->EndStream("T: 1\r\n");
  EXPECT_THAT(wire_.sent, EndsWith("\r\n0\r\nT: 1\r\n\r\n"));
  EXPECT_THAT(site_.statuses, ElementsAre(200));
}

TEST_F(ConnectionStreamTest, OfKnownLengthHaveItAndKeepTheConnection) {
  Begin(7);
  Send("one ");
  EXPECT_THAT(wire_.sent, HasSubstr("Content-Length: 7\r\n"));
  EXPECT_THAT(wire_.sent, Not(HasSubstr("chunked")));
  EXPECT_EQ(Body(), "one ");
  Send("two");
  EXPECT_THAT(site_.statuses, IsEmpty()) << "the job has not ended";
  connection_->EndStream("T: 1\r\n");
  EXPECT_EQ(Body(), "one two");
  EXPECT_THAT(site_.statuses, ElementsAre(200));
  connection_->OnInput(Get("/now"));
  EXPECT_EQ(Answers(), 2U);
}

TEST_F(ConnectionStreamTest, MayEndWithTheirLastPieces) {
  Begin();
  Send("one ");
  connection_->EndStream("", Pieces("two"));
  EXPECT_EQ(Body(), "4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n");
  EXPECT_THAT(site_.statuses, ElementsAre(200));
}

TEST_F(ConnectionStreamTest, AreCutBeforeLastPiecesBeyondTheirLength) {
  Begin(6);
  Send("one ");
  connection_->EndStream("", Pieces("two"));
  EXPECT_TRUE(wire_.closed);
  EXPECT_EQ(Body(), "one ");
}

// Thousands who read slowly hold no more than this each, beside what they share.
TEST_F(ConnectionStreamTest, AreCopiedLittleByLittleForOneWhoReadsSlowly) {
  constexpr std::size_t kLittle = std::size_t{64} << 10;
  for (const bool base64 : {false, true}) {
    connection_->OnInput(Get("/job"));
    wire_.room = 0;
    Answer answer;
    answer.pieces.push_back({"", Payload::FromString(std::string(1'000'000, 'x')), base64});
    const std::size_t size = answer.BodySize();
    wire_.sent.clear();
    connection_->Respond(std::move(answer));
    while (wire_.unsent > 0) {
      EXPECT_LE(wire_.unsent, kLittle);
      wire_.unsent = 0;
      connection_->OnWritten();
    }
    EXPECT_EQ(Body().size(), size);
  }
}

TEST_F(ConnectionStreamTest, EndOnceTheClientHasTakenTheRest) {
  Begin(7);
  wire_.room = 0;
  Send("one two");
  connection_->EndStream("");
  EXPECT_THAT(site_.statuses, IsEmpty());
  wire_.unsent = 0;
  connection_->OnWritten();
  EXPECT_THAT(site_.statuses, ElementsAre(200));
  EXPECT_EQ(Body(), "one two");
}

TEST_F(ConnectionStreamTest, AreCutWhereTheirLengthIsNotReached) {
  Begin(8);
  Send("one two");
  connection_->EndStream("");
  EXPECT_TRUE(wire_.closed);
}

TEST_F(ConnectionStreamTest, AreCutBeforeAByteBeyondTheirLength) {
  Begin(6);
  Send("one ");
  Send("two");
  EXPECT_TRUE(wire_.closed);
  EXPECT_EQ(Body(), "one ") << "the rest would be read as the next answer";
  connection_->OnClosed();
  EXPECT_EQ(site_.abandoned, 1);
}

}  // namespace
}  // namespace headrace
