// An upstream's answer that goes to its client while it comes.
#include <gmock/gmock.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "handler/frames/part_check.h"
#include "handler/upstream/upstream_answer.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;
constexpr std::uint64_t kMaxResult = 100 * kMiB;

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

HttpHead Head(int status, std::optional<std::uint64_t> length = std::nullopt) {
  HttpHead head;
  head.status = status;
  head.media_type = "text/plain";
  head.length = length;
  return head;
}

// An answer to a client that takes pieces of text/plain.
class UpstreamPiecesTest : public testing::Test {
 protected:
  UpstreamPiecesTest() {
    taker_.wants = [](std::string_view media_type) { return media_type == "text/plain"; };
    taker_.take = [this](ResultPart piece) {
      const auto bytes = piece.bytes.Bytes();
      taken_.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      pieces_.push_back(std::move(piece));
    };
  }
  // One round; whether the next one is wanted.
  static bool Comes(UpstreamAnswer& answer, std::string_view text, bool more = false) {
    return answer.OnBytes(Bytes(text)) && answer.OnRound(more);
  }

  PieceTaker taker_;
  std::vector<ResultPart> pieces_;
  std::vector<std::string> taken_;
};

TEST_F(UpstreamPiecesTest, OfUnknownLengthGoAsSoonAsNothingMoreIsThere) {
  UpstreamAnswer answer(kMaxResult, &taker_);
  ASSERT_TRUE(answer.OnHead(Head(200)));
  EXPECT_TRUE(Comes(answer, "one "));
  EXPECT_THAT(taken_, ElementsAre("one "));
  EXPECT_TRUE(Comes(answer, "two ", true));
  EXPECT_TRUE(Comes(answer, "three "));
  EXPECT_THAT(taken_, ElementsAre("one ", "two three "));
  EXPECT_TRUE(answer.OnBytes(Bytes("end")));
  const auto parts = answer.Finish({HttpEnd::kComplete, ""});
  ASSERT_TRUE(parts.ok());
  EXPECT_THAT(*parts, IsEmpty());
  EXPECT_THAT(taken_, ElementsAre("one ", "two three ", "end"));
  for (const ResultPart& piece : pieces_) {
    EXPECT_EQ(piece.name, "result");
    EXPECT_EQ(piece.media_type, "text/plain");
    EXPECT_EQ(piece.whole_size, std::nullopt);
    EXPECT_FALSE(piece.bytes.InMemfd());
  }
  EXPECT_EQ(pieces_.at(1).crc32, Crc32(Bytes("two three ")));
}

TEST_F(UpstreamPiecesTest, OfKnownLengthTellItFromOneMebibyteOn) {
  UpstreamAnswer small(kMaxResult, &taker_);
  ASSERT_TRUE(small.OnHead(Head(200, kMiB)));
  EXPECT_TRUE(Comes(small, std::string(kMiB, 'x')));
  EXPECT_THAT(taken_, IsEmpty());
  const auto parts = small.Finish({HttpEnd::kComplete, ""});
  ASSERT_TRUE(parts.ok());
  EXPECT_EQ(parts->at(0).bytes.size(), kMiB);

  UpstreamAnswer large(kMaxResult, &taker_);
  ASSERT_TRUE(large.OnHead(Head(200, kMiB + 1)));
  EXPECT_TRUE(Comes(large, "x"));
  EXPECT_THAT(taken_, ElementsAre("x"));
  EXPECT_EQ(pieces_.at(0).whole_size, kMiB + 1);
}

TEST_F(UpstreamPiecesTest, AreNoneWhereAllIsThereBeforeAnyHasGone) {
  UpstreamAnswer answer(kMaxResult, &taker_);
  ASSERT_TRUE(answer.OnHead(Head(200)));
  EXPECT_TRUE(Comes(answer, "one ", true));
  EXPECT_TRUE(answer.OnBytes(Bytes("end")));
  const auto parts = answer.Finish({HttpEnd::kComplete, ""});
  EXPECT_THAT(taken_, IsEmpty());
  ASSERT_EQ(parts->size(), 1U);
  EXPECT_EQ(parts->at(0).bytes.size(), 7U);
  EXPECT_EQ(parts->at(0).crc32, Crc32(Bytes("one end")));

  UpstreamAnswer nothing(kMaxResult, &taker_);
  ASSERT_TRUE(nothing.OnHead(Head(200)));
  EXPECT_EQ(nothing.Finish({HttpEnd::kComplete, ""})->size(), 1U);
  EXPECT_THAT(taken_, IsEmpty());
}

TEST_F(UpstreamPiecesTest, AreForSuccessWithContentOfAWantedTypeOnly) {
  for (const int status : {204, 205, 302, 422, 500}) {
    UpstreamAnswer answer(kMaxResult, &taker_);
    ASSERT_TRUE(answer.OnHead(Head(status)));
    EXPECT_TRUE(Comes(answer, "text"));
  }
  UpstreamAnswer unwanted(kMaxResult, &taker_);
  HttpHead head = Head(200);
  head.media_type = "image/png";
  ASSERT_TRUE(unwanted.OnHead(head));
  EXPECT_TRUE(Comes(unwanted, "picture"));
  EXPECT_EQ(unwanted.Finish({HttpEnd::kComplete, ""})->size(), 1U);
  EXPECT_THAT(taken_, IsEmpty());
}

TEST_F(UpstreamPiecesTest, OfAFastUpstreamAreLargeAndFew) {
  constexpr std::size_t kRound = 64 * kKiB;
  constexpr std::size_t kSize = 64 * kMiB;
  UpstreamAnswer answer(kMaxResult, &taker_);
  ASSERT_TRUE(answer.OnHead(Head(200)));
  for (std::size_t size = 0; size < kSize; size += kRound) {
    ASSERT_TRUE(Comes(answer, std::string(kRound, static_cast<char>(size / kRound)), true));
  }
  ASSERT_TRUE(answer.Finish({HttpEnd::kComplete, ""}).ok());
  EXPECT_LT(pieces_.size(), 45U);
  std::string whole;
  for (const std::string& piece : taken_) whole += piece;
  ASSERT_EQ(whole.size(), kSize);
  for (std::size_t at = 0; at < kSize; at += kRound) {
    ASSERT_EQ(whole.at(at), static_cast<char>(at / kRound)) << at;
  }
  for (std::size_t i = 0; i + 1 < pieces_.size(); ++i) {
    EXPECT_GE(pieces_[i].bytes.size(), kMiB) << "else the spool does not take it";
  }
  EXPECT_TRUE(pieces_.at(1).bytes.InMemfd());
}

TEST_F(UpstreamPiecesTest, ThatCameBeforeAFailureGoAndTheFailureIsTold) {
  UpstreamAnswer cut(kMaxResult, &taker_);
  ASSERT_TRUE(cut.OnHead(Head(200)));
  EXPECT_TRUE(Comes(cut, "one "));
  EXPECT_TRUE(cut.OnBytes(Bytes("two")));
  EXPECT_EQ(cut.Finish({HttpEnd::kBroken, ""}).error().type, "upstream-failed");
  EXPECT_THAT(taken_, ElementsAre("one ", "two"));
}

TEST_F(UpstreamPiecesTest, AreNoneOfAFailureThatComesFirst) {
  UpstreamAnswer cut(kMaxResult, &taker_);
  ASSERT_TRUE(cut.OnHead(Head(200)));
  EXPECT_TRUE(Comes(cut, "one ", true));
  EXPECT_EQ(cut.Finish({HttpEnd::kBroken, ""}).error().type, "upstream-failed");
  EXPECT_THAT(taken_, IsEmpty());
}

TEST_F(UpstreamPiecesTest, TogetherAreNoLargerThanAResultMayBe) {
  UpstreamAnswer answer(10, &taker_);
  ASSERT_TRUE(answer.OnHead(Head(200)));
  EXPECT_TRUE(Comes(answer, "12345"));
  EXPECT_TRUE(Comes(answer, "67890"));
  EXPECT_FALSE(Comes(answer, "x"));
  EXPECT_EQ(answer.Finish({HttpEnd::kStopped, ""}).error().type, "result-too-large");
  EXPECT_THAT(taken_, ElementsAre("12345", "67890"));
}

}  // namespace
}  // namespace headrace
