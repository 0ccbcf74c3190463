// Multipart bodies, whole and in pieces.
#include "client/mixed_parser.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "client/exit_codes.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class KeepingTaker final : public PartTaker {
 public:
  Status BeginPart(std::string_view name) override {
    parts.push_back(std::string(name) + "=");
    return refuse.empty() || name != refuse ? Ok() : Status(Refusal("not this one"));
  }
  Status WritePart(std::string_view bytes) override {
    parts.back() += bytes;
    return Ok();
  }
  Status EndPart() override {
    parts.back() += ";";
    return Ok();
  }

  std::vector<std::string> parts;
  std::string refuse;
};

Status Parse(KeepingTaker& taker, std::string_view text, std::size_t step = 1'000) {
  MixedParser parser("b", taker);
  for (std::size_t at = 0; at < text.size(); at += step) {
    if (auto fed = parser.Feed(text.substr(at, step)); !fed) return fed;
  }
  return parser.Finish();
}

std::string Part(const std::string& name, const std::string& body) {
  return "\r\n--b\r\nContent-Type: image/png\r\ncontent-disposition: attachment; filename=\"" +
         name + "\"\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(MixedParser, TakesPartsApartInAnyPieces) {
  const std::string body =
      Part("one.png", "12\r\n-\r\n--\r\n--a").substr(2) + Part("two.png", "") + Part("three", "x");
  for (const std::size_t step : {1U, 2U, 7U, 1'000U}) {
    KeepingTaker taker;
    ASSERT_TRUE(Parse(taker, body + "\r\n--b--\r\nepilogue", step).ok());
    EXPECT_THAT(taker.parts, ElementsAre("one.png=12\r\n-\r\n--\r\n--a;", "two.png=;", "three=x;"));
  }
}

TEST(MixedParser, TakesAPreambleBlanksAndPartsWithoutAnyField) {
  KeepingTaker taker;
  ASSERT_TRUE(Parse(taker, "hello\r\n--b \t\r\n\r\nabc\r\n--b--", 1).ok());
  EXPECT_THAT(taker.parts, ElementsAre("=abc;"));
}

TEST(MixedParser, TakesNoEndBehindBlanksForTheEndInAnyPieces) {
  for (const std::size_t step : {1U, 2U, 3U, 1'000U}) {
    KeepingTaker taker;
    EXPECT_FALSE(Parse(taker, "--b \t--\r\n", step).ok()) << step;
    EXPECT_FALSE(Parse(taker, "--b" + std::string(50'000, ' '), step).ok()) << step;
  }
}

TEST(MixedParser, RefusesWhatEndsEarly) {
  const std::string body = Part("one.png", "1234") + "\r\n--b--\r\n";
  for (std::size_t size = 0; size < body.size() - 2; ++size) {
    KeepingTaker taker;
    const auto parsed = Parse(taker, body.substr(0, size));
    ASSERT_FALSE(parsed.ok()) << size;
    EXPECT_EQ(parsed.error().type, "broken-answer");
  }
}

TEST(MixedParser, RefusesAPartThatIsNotAsLongAsItSays) {
  KeepingTaker taker;
  const auto parsed = Parse(taker, "--b\r\nContent-Length: 5\r\n\r\nabc\r\n--b--\r\n");
  ASSERT_FALSE(parsed.ok());
  EXPECT_THAT(parsed.error().hint, HasSubstr("as long as it says"));
}

TEST(MixedParser, RefusesTextBehindABoundaryAndAHeadWithoutEnd) {
  KeepingTaker taker;
  EXPECT_FALSE(Parse(taker, "--bx\r\n\r\nabc\r\n--b--\r\n").ok());
  EXPECT_FALSE(Parse(taker, "--b\r\nX: " + std::string(50'000, 'x')).ok());
  EXPECT_THAT(taker.parts, IsEmpty());
}

TEST(MixedParser, EndsWithTheTakersError) {
  KeepingTaker taker;
  taker.refuse = "two";
  const auto parsed = Parse(taker, Part("one", "1") + Part("two", "2") + "\r\n--b--");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().hint, "not this one");
}

TEST(BoundaryOf, ReadsQuotedAndPlainOnes) {
  EXPECT_EQ(BoundaryOf("multipart/mixed; boundary=abc"), "abc");
  EXPECT_EQ(BoundaryOf("multipart/mixed; charset=x; Boundary=\"a b\""), "a b");
  EXPECT_EQ(BoundaryOf("multipart/mixed"), std::nullopt);
  EXPECT_EQ(BoundaryOf("multipart/mixed; boundary="), std::nullopt);
  EXPECT_EQ(BoundaryOf("multipart/mixed; boundary=" + std::string(71, 'x')), std::nullopt);
}

TEST(FileNameOf, ReadsQuotedAndPlainOnes) {
  EXPECT_EQ(FileNameOf("attachment; filename=\"a \\\"b;c.png\""), "a \"b;c.png");
  EXPECT_EQ(FileNameOf("inline; filename=a.png; x=y"), "a.png");
  EXPECT_EQ(FileNameOf("inline"), "");
  EXPECT_EQ(FileNameOf(""), "");
}

}  // namespace
}  // namespace headrace
