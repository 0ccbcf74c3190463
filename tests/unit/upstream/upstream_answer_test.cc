// What an upstream's answer becomes for the job's client.
#include "handler/upstream/upstream_answer.h"

#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "handler/frames/part_check.h"

namespace headrace {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::size_t kKiB = 1024;

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string TextOf(const Payload& payload) {
  const auto bytes = payload.Bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

HttpHead Head(int status, std::string type = "text/plain") {
  HttpHead head;
  head.status = status;
  head.media_type = std::move(type);
  return head;
}

// A whole answer.
Expected<std::vector<ResultPart>> Finish(const HttpHead& head, std::string_view body) {
  UpstreamAnswer answer(1'000'000);
  EXPECT_TRUE(answer.OnHead(head));
  const bool wants_more = answer.OnBytes(Bytes(body));
  return answer.Finish({wants_more ? HttpEnd::kComplete : HttpEnd::kStopped, ""});
}

Error ErrorOf(const HttpHead& head, std::string_view body = "") {
  auto finished = Finish(head, body);
  EXPECT_FALSE(finished.ok());
  return finished ? Error{} : finished.error();
}

// No answer at all.
Error ErrorOf(HttpEnd end) {
  UpstreamAnswer answer(1000);
  return answer.Finish({end, "operator's"}).error();
}

TEST(UpstreamAnswerTest, OfAnySuccessIsThePartResultWithItsMediaType) {
  for (const int status : {200, 201, 299}) {
    const auto parts = Finish(Head(status, "image/png"), "picture");
    ASSERT_TRUE(parts.ok());
    ASSERT_EQ(parts->size(), 1U);
    EXPECT_EQ(parts->at(0).name, "result");
    EXPECT_EQ(parts->at(0).media_type, "image/png");
    EXPECT_EQ(TextOf(parts->at(0).bytes), "picture");
    EXPECT_EQ(parts->at(0).crc32, Crc32(Bytes("picture")));
  }
}

TEST(UpstreamAnswerTest, WithoutAValidMediaTypeIsBytes) {
  for (const char* const none : {"", "picture", "text/\xC3\xA4"}) {
    EXPECT_EQ(Finish(Head(200, none), "x")->at(0).media_type, "application/octet-stream");
  }
}

TEST(UpstreamAnswerTest, WithNoContentIsNoPartAndAnEmptyOneIsAPart) {
  EXPECT_TRUE(Finish(Head(204), "")->empty());
  EXPECT_TRUE(Finish(Head(205), "")->empty());
  ASSERT_EQ(Finish(Head(200), "")->size(), 1U);
  EXPECT_EQ(Finish(Head(200), "")->at(0).bytes.size(), 0U);
}

TEST(UpstreamAnswerTest, LiesInAMemfdFrom64KiBOnAndKnowsTheCrcOfAllItsPieces) {
  UpstreamAnswer answer(1'000'000);
  const std::string piece(40 * kKiB, 'x');
  EXPECT_TRUE(answer.OnHead(Head(200)));
  EXPECT_TRUE(answer.OnBytes(Bytes(piece)));
  EXPECT_TRUE(answer.OnBytes(Bytes(piece)));
  const auto parts = answer.Finish({HttpEnd::kComplete, ""});
  ASSERT_TRUE(parts.ok());
  EXPECT_TRUE(parts->at(0).bytes.InMemfd());
  EXPECT_EQ(parts->at(0).crc32, Crc32(Bytes(piece + piece)));
}

TEST(UpstreamAnswerTest, ThatIsLargerThanAResultMayBeIsA502BeforeOrWhileItComes) {
  UpstreamAnswer told(100);
  HttpHead head = Head(200);
  head.length = 101;
  EXPECT_FALSE(told.OnHead(head));
  EXPECT_EQ(told.Finish({HttpEnd::kStopped, ""}).error().type, "result-too-large");

  UpstreamAnswer untold(100);
  EXPECT_TRUE(untold.OnHead(Head(200)));
  EXPECT_TRUE(untold.OnBytes(Bytes(std::string(100, 'x'))));
  EXPECT_FALSE(untold.OnBytes(Bytes("x")));
  const Error error = untold.Finish({HttpEnd::kStopped, ""}).error();
  EXPECT_EQ(error.type, "result-too-large");
  EXPECT_EQ(error.code, ErrorCode::kHandlerCrashed);
}

TEST(UpstreamAnswerTest, ThatRefusesTheJobIsA422WithWhatItSays) {
  for (const int status : {400, 413, 415, 422}) {
    const Error error = ErrorOf(Head(status, "text/plain; charset=utf-8"), "  no \x01 picture\r\n");
    EXPECT_EQ(error.code, ErrorCode::kUnprocessable);
    EXPECT_EQ(error.type, "upstream-rejected");
    EXPECT_THAT(error.hint, HasSubstr("with status " + std::to_string(status) + ": no   picture"));
  }
  EXPECT_THAT(ErrorOf(Head(422, "Application/Problem+JSON"),
                      R"({"title":"Bad","detail":"page 7\nis empty"})")
                  .hint,
              testing::EndsWith(": page 7 is empty"));
  EXPECT_THAT(ErrorOf(Head(422, "application/problem+json"), R"({"title":"Bad"})").hint,
              testing::EndsWith(": Bad"));
}

TEST(UpstreamAnswerTest, ThatIsNotMadeForClientsToReadIsNotTold) {
  for (const auto& [type, body] : std::vector<std::pair<std::string, std::string>>{
           {"text/html", "<h1>tiger</h1>"},
           {"application/json", R"({"detail":"tiger"})"},
           {"", "tiger"},
           {"application/problem+json", "tiger"},
           {"application/problem+json", R"(["tiger"])"},
           {"application/problem+json", R"({"detail":{"a":"tiger"}})"}}) {
    const Error error = ErrorOf(Head(400, type), body);
    EXPECT_THAT(error.hint, testing::EndsWith("with status 400")) << type;
  }
}

TEST(UpstreamAnswerTest, IsCutBetweenCharactersWhenItSaysTooMuch) {
  std::string text = "x";
  while (text.size() < 30 * kKiB) text += "\xC3\xA4";
  const std::string hint = ErrorOf(Head(400), text).hint;
  const auto said = hint.substr(hint.find(": ") + 2);
  EXPECT_EQ(said.size(), 1023U);
  EXPECT_TRUE(said.ends_with("\xC3\xA4"));
}

TEST(UpstreamAnswerTest, ThatIsBusyIsA503WithItsRetryAfterInBounds) {
  for (const int status : {429, 503}) {
    for (const auto& [said, told] : std::vector<std::pair<std::int64_t, int>>{
             {0, 0}, {7, 7}, {300, 300}, {301, 300}, {1'000'000'000'000, 300}, {-5, 0}}) {
      HttpHead head = Head(status);
      head.retry_after = said;
      const Error error = ErrorOf(head);
      EXPECT_EQ(error.code, ErrorCode::kUnavailable);
      EXPECT_EQ(error.type, "upstream-busy");
      EXPECT_EQ(error.retry_after, told);
    }
  }
}

TEST(UpstreamAnswerTest, ThatRedirectsOrFailsIsA502AndOnlyTheOperatorReadsMore) {
  for (const int status : {301, 302, 307, 308}) {
    EXPECT_EQ(ErrorOf(Head(status)).type, "upstream-redirect");
    EXPECT_EQ(ErrorOf(Head(status)).code, ErrorCode::kHandlerCrashed);
  }
  for (const int status : {401, 403, 404, 405, 409, 418, 500, 501, 502, 504, 599}) {
    const Error error = ErrorOf(Head(status), "tiger");
    EXPECT_EQ(error.type, "upstream-failed") << status;
    EXPECT_EQ(error.code, ErrorCode::kHandlerCrashed);
    EXPECT_THAT(error.hint, Not(HasSubstr("tiger")));
    EXPECT_EQ(error.detail, "the upstream answered " + std::to_string(status));
  }
}

TEST(UpstreamAnswerTest, ThatFailsIsNotReadToItsEnd) {
  UpstreamAnswer answer(1'000'000);
  EXPECT_TRUE(answer.OnHead(Head(500)));
  EXPECT_TRUE(answer.OnBytes(Bytes(std::string(16 * kKiB - 1, 'x'))));
  EXPECT_FALSE(answer.OnBytes(Bytes(std::string(16 * kKiB, 'x'))));
  EXPECT_EQ(answer.Finish({HttpEnd::kStopped, ""}).error().type, "upstream-failed");
}

TEST(UpstreamAnswerTest, ThatNeverCameIsA502OrA503) {
  EXPECT_EQ(ErrorOf(HttpEnd::kUnreachable).type, "upstream-unreachable");
  EXPECT_EQ(ErrorOf(HttpEnd::kUnreachable).code, ErrorCode::kHandlerCrashed);
  EXPECT_EQ(ErrorOf(HttpEnd::kUnreachable).detail, "operator's");
  EXPECT_EQ(ErrorOf(HttpEnd::kBroken).type, "upstream-failed");
  EXPECT_EQ(ErrorOf(HttpEnd::kBroken).detail, "operator's");
  EXPECT_EQ(ErrorOf(HttpEnd::kOutOfResources).type, "out-of-resources");
  EXPECT_EQ(ErrorOf(HttpEnd::kOutOfResources).code, ErrorCode::kUnavailable);
  for (const HttpEnd end : {HttpEnd::kUnreachable, HttpEnd::kBroken, HttpEnd::kOutOfResources}) {
    EXPECT_THAT(ErrorOf(end).hint, Not(HasSubstr("operator's")));
  }
}

TEST(UpstreamAnswerTest, ThatIsCutAfterAGoodHeadIsNoResult) {
  UpstreamAnswer answer(1000);
  EXPECT_TRUE(answer.OnHead(Head(200)));
  EXPECT_TRUE(answer.OnBytes(Bytes("half")));
  const auto finished = answer.Finish({HttpEnd::kBroken, "cut"});
  ASSERT_FALSE(finished.ok());
  EXPECT_EQ(finished.error().type, "upstream-failed");
  EXPECT_THAT(finished.error().hint, HasSubstr("before it was complete"));
}

}  // namespace
}  // namespace headrace
