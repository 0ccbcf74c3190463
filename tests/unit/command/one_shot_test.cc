// What a command gets and how its end is answered.
#include "handler/command/one_shot.h"

#include <gmock/gmock.h>

#include <fstream>

#include "command/one_shot_fixture.h"
#include "support/in_child.h"
#include "support/take_layer.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing_support::FakePart;
using Kind = Failure::Kind;

class CommandJob : public testing_support::OneShotTest {};

TEST_F(CommandJob, GetsThePayloadOnStdinAndAnswersOnStdout) {
  options.command = {"tr", "a-z", "A-Z"};
  options.output_type = "text/plain";
  Payload("water");
  EXPECT_FALSE(Run());
  EXPECT_THAT(context.parts, ElementsAre(FakePart{"output", "text/plain", "WATER"}));
}

TEST_F(CommandJob, AnswersMoreThanAFrameHolds) {
  options.command = {"cat"};
  std::string bytes(3'000'000, 'x');
  for (std::size_t i = 0; i < bytes.size(); i += 7) bytes[i] = static_cast<char>(i);
  Payload(bytes);
  EXPECT_FALSE(Run());
  ASSERT_EQ(context.parts.size(), 1U);
  EXPECT_TRUE(context.parts.front().bytes == bytes);
}

TEST_F(CommandJob, WithoutPayloadReadsNothing) {
  options.command = {"cat"};
  EXPECT_FALSE(Run());
  EXPECT_THAT(context.parts, ElementsAre(FakePart{"output", "application/octet-stream", ""}));
}

TEST_F(CommandJob, FindsInputAndOutputByTheirPaths) {
  options.command = {"cp", "{input}", "{output}/copy.txt"};
  options.input_name = "in.txt";
  Payload("water");
  EXPECT_FALSE(Run());
  EXPECT_THAT(context.parts, ElementsAre(FakePart{"copy.txt", "text/plain", "water"}));
}

TEST_F(CommandJob, MakesPartsOfOutputFilesInOrder) {
  Script("cd \"$1\"; echo 2 > b.PNG; echo 1 > a.unknown; mkdir folder; echo said; touch .hidden",
         {"{output}"});
  EXPECT_FALSE(Run());
  EXPECT_THAT(context.parts, ElementsAre(FakePart{"a.unknown", "application/octet-stream", "1\n"},
                                         FakePart{"b.PNG", "image/png", "2\n"}));
  EXPECT_EQ(context.errors, "said\n");
}

TEST_F(CommandJob, SeesItsSetting) {
  setenv("HEADRACE_TEST_SECRET", "water", 1);
  Script("env; pwd; cat <&3");
  job.params = {{"page-count", "3"}, {"text", "a\nb"}};
  job.attempt = 2;
  job.media_type = "image/png";
  job.traceparent = "00-1-2-01";
  job.tracestate = "a=1";
  options.environment = {{"MODELS", "/srv"}};
  EXPECT_FALSE(Run());
  ASSERT_EQ(context.parts.size(), 1U);
  const std::string& said = context.parts.front().bytes;
  for (const char* line :
       {"HEADRACE_JOB_ID=job-1\n", "HEADRACE_QUEUE=test\n", "HEADRACE_ATTEMPT=2\n",
        "HEADRACE_MEDIA_TYPE=image/png\n", "HEADRACE_PARAM_PAGE_COUNT=3\n",
        "HEADRACE_PARAM_TEXT=a\nb\n", "HEADRACE_PARAMS_FD=3\n", "TRACEPARENT=00-1-2-01\n",
        "TRACESTATE=a=1\n", "MODELS=/srv\n", "PATH=", "/headrace-job-"}) {
    EXPECT_THAT(said, HasSubstr(line));
  }
  EXPECT_THAT(said, EndsWith("/tmp\n{\"page-count\":\"3\",\"text\":\"a\\nb\"}"));
  EXPECT_THAT(said, testing::Not(HasSubstr("SECRET")));
}

TEST_F(CommandJob, MayLeaveStdinUnread) {
  options.command = {"true"};
  Payload(std::string(1'000'000, 'x'));
  EXPECT_FALSE(Run());
}

TEST_F(CommandJob, ThatFailsTellsTheOperatorWhyAndTheClientNothing) {
  Script("echo first >&2; echo 'the file is broken' >&2; echo on stdout; exit 3");
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, Kind::kInternal);
  EXPECT_EQ(failure->type, "command-failed");
  EXPECT_EQ(failure->hint, "the command failed");
  EXPECT_EQ(failure->detail, "exit status 3; the file is broken");
  EXPECT_EQ(context.errors, "first\nthe file is broken\n");
  EXPECT_THAT(context.parts, IsEmpty());
}

TEST_F(CommandJob, MayRefuseAPayloadInItsOwnWords) {
  options.exit_codes = {{3, 422}};
  Script("printf 'page 7\\tis \\377 broken\\n'; exit 3");
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, Kind::kBadPayload);
  EXPECT_EQ(failure->type, "command-refused");
  EXPECT_EQ(failure->hint, "page 7 is \xEF\xBF\xBD broken");
}

TEST_F(CommandJob, WhoseStdoutIsNoAnswerRefusesInOurWords) {
  options.exit_codes = {{3, 422}};
  Script("echo secret; exit 3", {"{output}"});
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->hint, "the command refused this payload");
}

TEST_F(CommandJob, MayAskForAnotherTry) {
  options.exit_codes = {{75, 503}};
  Script("exit 75");
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, Kind::kRetry);
  EXPECT_EQ(failure->type, "command-unavailable");
}

TEST_F(CommandJob, ThatCrashesIsTold) {
  Script("echo bad >&2; kill -SEGV $$");
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, Kind::kCrashed);
  EXPECT_EQ(failure->detail, "signal 11 (SEGV); bad");
}

TEST_F(CommandJob, ThatIsNotThereFails) {
  options.command = {"no-such-program"};
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, Kind::kInternal);
  EXPECT_EQ(failure->detail, "no-such-program: no such program");
}

TEST_F(CommandJob, ThatCannotBeExecutedFails) {
  const std::string file = folder() / "broken";
  std::ofstream(file) << "no program";
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  options.command = {file};
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->detail, file + ": Exec format error");
}

TEST_F(CommandJob, WhoseInterpreterIsOutOfReachTellsWhatToDo) {
  const std::string shell = folder() / "sh";
  std::filesystem::copy("/bin/sh", shell);
  const std::string file = folder() / "script";
  std::ofstream(file) << "#!" << shell << "\n";
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  options.command = {file};
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->detail, HasSubstr("isolation.readable"));
  options.readable = {shell};
  EXPECT_FALSE(Run());
}

TEST_F(CommandJob, PassesOnOnlySoMuchOfStderr) {
  options.stderr_limit = 10'000;
  Script("yes 0123456789 | head -c 3000000 >&2; echo >&2; echo the end >&2; exit 1");
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->detail, "exit status 1; the end");
  EXPECT_EQ(context.errors.size(), 10'000U);
  EXPECT_LE(context.most_at_once, 4096U);
  EXPECT_THAT(context.errors, StartsWith("0123456789\n"));
}

TEST_F(CommandJob, MayDoManyOneAfterTheOther) {
  for (int i = 0; i < 20; ++i) {
    Script("echo " + std::to_string(i));
    EXPECT_FALSE(Run());
    EXPECT_EQ(context.parts.back().bytes, std::to_string(i) + "\n");
  }
}

TEST_F(CommandJob, ReadsAndWritesWhatItsPathsGrant) {
  std::filesystem::create_directory(folder() / "models");
  std::filesystem::create_directory(folder() / "cache");
  std::ofstream(folder() / "models" / "file") << "model";
  options.readable = {folder() / "models"};
  options.writable = {folder() / "cache"};
  Script("d=" + folder().string() +
         "; cat $d/models/file && echo > $d/cache/new && ! echo > $d/models/new");
  EXPECT_FALSE(Run()) << context.errors;
  EXPECT_EQ(context.parts.front().bytes, "model");
}

class CommandWithoutLayer : public CommandJob, public testing::WithParamInterface<const char*> {};

TEST_P(CommandWithoutLayer, RunsOnlyWhereThatLayerIsNotRequired) {
  options.command = {"true"};
  const int failures = testing_support::InChild([&] {
    if (!testing_support::TakeLayerAway(GetParam())) return 100;
    const bool refused = Run().has_value();
    options.sandbox_required = false;
    const bool ran = !Run().has_value();
    return (refused ? 0 : 1) + (ran ? 0 : 10);
  });
  EXPECT_EQ(failures, 0);
}

INSTANTIATE_TEST_SUITE_P(Both, CommandWithoutLayer, testing::Values("landlock", "seccomp"));

}  // namespace
}  // namespace headrace
