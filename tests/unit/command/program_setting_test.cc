// The small pieces around a program: texts, media types, ends.
#include "handler/command/program_setting.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "handler/command/error_output.h"
#include "handler/command/program_end.h"
#include "handler/command/program_output.h"

namespace headrace {
namespace {

using Kind = Failure::Kind;

constexpr const char* kReplacement = "\xEF\xBF\xBD";

TEST(PlainText, KeepsCharactersAndMakesTheRestHarmless) {
  EXPECT_EQ(PlainText("a \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80", 100),
            "a \xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80");
  EXPECT_EQ(PlainText("a\nb\x1B[0m\x7F\xC2\x85", 100), "a b [0m  ");
  for (const std::string bad : {"\xFF", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                                "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80"}) {
    EXPECT_THAT(PlainText(bad, 100), testing::StartsWith(kReplacement)) << bad;
  }
}

TEST(PlainText, IsCutBetweenCharacters) {
  EXPECT_EQ(PlainText("ab\xC3\xA4", 3), "ab");
  EXPECT_EQ(PlainText("ab\xC3\xA4", 4), "ab\xC3\xA4");
  EXPECT_EQ(PlainText("\xFF\xFF", 5), kReplacement);
}

TEST(MediaTypeOf, IsKnownByTheExtension) {
  EXPECT_EQ(MediaTypeOf("a.pdf", "x/y"), "application/pdf");
  EXPECT_EQ(MediaTypeOf("a.b.JPEG", "x/y"), "image/jpeg");
  EXPECT_EQ(MediaTypeOf("pdf", "x/y"), "x/y");
  EXPECT_EQ(MediaTypeOf("a.", "x/y"), "x/y");
  EXPECT_EQ(MediaTypeOf("a.unknown", "x/y"), "x/y");
}

TEST(ErrorOutput, KeepsTheLastLineThatSaysSomething) {
  auto output = ErrorOutput::Make();
  ASSERT_TRUE(output.ok());
  std::string passed;
  output->Begin(8, [&](std::string_view text) { passed += text; });
  const std::string text = "first\nthe \xFF last\r\n \n\n";
  ASSERT_EQ(write(output->writer(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  output->Drain();
  EXPECT_EQ(output->LastLine(), std::string("the ") + kReplacement + " last");
  EXPECT_EQ(passed, "first\nth");
  EXPECT_GE(output->reader(), 0);
  output->CloseWriter();
  output->Drain();
  EXPECT_EQ(output->reader(), -1);
  output->Begin(8, {});
  EXPECT_EQ(output->LastLine(), "");
}

TEST(FailureOf, TellsSignalsApart) {
  CommandOptions options;
  options.cpu = std::chrono::seconds(5);
  EndDetails details;
  const auto kind = [&](int status) {
    return FailureOf({RunEnd::Reason::kExited, status}, details, options)->kind;
  };
  EXPECT_EQ(kind(SIGXCPU), Kind::kCpuLimit);
  EXPECT_EQ(kind(SIGXFSZ), Kind::kTooLarge);
  EXPECT_EQ(kind(SIGABRT), Kind::kCrashed);
  EXPECT_EQ(kind(SIGKILL), Kind::kCrashed);
  details.cpu_seconds = 5;
  EXPECT_EQ(kind(SIGKILL), Kind::kCpuLimit);
}

TEST(FailureOf, AnswersExitStatusesAsConfigured) {
  CommandOptions options;
  options.exit_codes = {{1, 422}, {2, 503}, {3, 500}};
  const auto end = [&](int status) {
    return FailureOf({RunEnd::Reason::kExited, status << 8}, {}, options);
  };
  EXPECT_FALSE(end(0));
  EXPECT_EQ(end(1)->kind, Kind::kBadPayload);
  EXPECT_EQ(end(2)->kind, Kind::kRetry);
  EXPECT_EQ(end(3)->kind, Kind::kInternal);
  EXPECT_EQ(end(4)->kind, Kind::kInternal);
}

}  // namespace
}  // namespace headrace
