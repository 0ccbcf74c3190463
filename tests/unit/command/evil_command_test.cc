// Commands that do what no command should. OneShotTest::Run checks after each that no process and
// no file is left.
#include <gmock/gmock.h>

#include <fstream>

#include "command/one_shot_fixture.h"

namespace headrace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing_support::FakePart;
using Kind = Failure::Kind;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

class EvilCommand : public testing_support::OneShotTest {
 protected:
  // From when it says so the service does not want it any more.
  std::optional<Failure> RunUntilReady() {
    context.on_stderr = [this] {
      if (context.errors.find("ready\n") != std::string::npos) CloseService();
    };
    return Run();
  }
  [[nodiscard]] std::string Secret() const {
    const std::string file = folder() / "secret";
    std::ofstream(file) << "secret";
    return "=" + file;
  }
};

TEST_F(EvilCommand, ThatForksWithoutEndIsEnded) {
  if (!bound()) GTEST_SKIP() << "root may start any number of processes";
  options.processes = 60;
  Evil({"fork-bomb"});
  EXPECT_TRUE(RunUntilReady());
  EXPECT_LT(took, std::chrono::seconds(30));
}

TEST_F(EvilCommand, ThatHandsOverAllTheTimeIsCaught) {
  if (!bound()) GTEST_SKIP() << "root may start any number of processes";
  Evil({"comet"});
  EXPECT_FALSE(Run());
  EXPECT_LT(took, std::chrono::seconds(5));
}

TEST_F(EvilCommand, MayHaveSoManyProcesses) {
  if (!bound()) GTEST_SKIP() << "root may start any number of processes";
  options.processes = 12;
  Evil({"count"});
  EXPECT_FALSE(Run());
#ifdef HEADRACE_SANITIZED  // where a run-time's thread in each process counts as well
  EXPECT_LE(std::stoi(context.parts.front().bytes), 12);
#else
  EXPECT_EQ(context.parts.front().bytes, "12\n");
#endif
}

TEST_F(EvilCommand, LeavesNoDaemonBehind) {
  Evil({"daemon"});
  EXPECT_FALSE(Run());
  EXPECT_LT(took, std::chrono::seconds(5));
}

TEST_F(EvilCommand, ThatIgnoresSigtermIsKilledAfterTheGrace) {
  Evil({"ignore-term"});
  EXPECT_TRUE(RunUntilReady());
  EXPECT_GE(took, options.grace);
  EXPECT_LT(took, std::chrono::seconds(5));
}

TEST_F(EvilCommand, ThatHeedsSigtermEndsWithinTheGrace) {
  options.grace = std::chrono::seconds(60);
  Script("trap 'echo bye >&2; exit 0' TERM; echo ready >&2; while :; do sleep 0.01; done");
  EXPECT_TRUE(RunUntilReady());
  EXPECT_THAT(context.errors, HasSubstr("bye\n"));
  EXPECT_LT(took, std::chrono::seconds(30));
}

TEST_F(EvilCommand, ThatStopsItselfIsEnded) {
  Evil({"stop-self"});
  EXPECT_TRUE(RunUntilReady());
}

TEST_F(EvilCommand, WhoseFirstThreadHasEndedIsEnded) {
  Evil({"headless-threads"});
  EXPECT_TRUE(RunUntilReady());
}

TEST_F(EvilCommand, ThatClosesAllAndHangsIsEndedWhenNobodyWantsIt) {
  options.grace = std::chrono::seconds(60);  // SIGTERM is enough
  CloseService();
  Evil({"close-and-hang"});
  EXPECT_TRUE(Run());
  EXPECT_LT(took, std::chrono::seconds(30));
}

TEST_F(EvilCommand, ThatSpinsHasItsCpuTimeOnly) {
  options.cpu = std::chrono::seconds(1);
  Evil({"spin"});
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, Kind::kCpuLimit);
  EXPECT_EQ(failure->detail, "used its 1 s of CPU time");
}

TEST_F(EvilCommand, ThatSpinsOnIsKilled) {
  options.cpu = std::chrono::seconds(1);
  Evil({"spin", "ignoring"});
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, Kind::kCpuLimit) << failure->detail;
}

#ifndef HEADRACE_SANITIZED  // where it is not limited
TEST_F(EvilCommand, GetsNoMoreMemoryThanItsOwn) {
  options.memory = 96 * kMiB;
  options.exit_codes = {{7, 422}};
  Evil({"hog"});
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, Kind::kBadPayload) << failure->detail;
  EXPECT_LT(std::atoi(failure->hint.c_str()), 96);
}
#endif

TEST_F(EvilCommand, CannotWriteMoreThanAResult) {
  options.max_result = 8 * kMiB;
  Evil({"flood", "1"});
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, Kind::kTooLarge);
  EXPECT_EQ(failure->type, "result-too-large");
}

TEST_F(EvilCommand, CannotWriteMoreThanAResultByIgnoringTheSignal) {
  options.max_result = 8 * kMiB;
  Evil({"flood", "1", "ignoring"});
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->type, "result-too-large");
}

TEST_F(EvilCommand, CannotPassOffTheBeginningOfAResultAsAllOfIt) {
  options.max_result = 1000;
  Script("trap '' XFSZ; head -c 1001 /dev/zero; exit 0");
  EXPECT_TRUE(Run());
  context.parts.clear();
  Script("trap '' XFSZ; head -c 2000 /dev/zero; exit 0");
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->type, "result-too-large");
  EXPECT_THAT(context.parts, IsEmpty());
  Script("head -c 1000 /dev/zero");
  EXPECT_FALSE(Run());
}

TEST_F(EvilCommand, ThatFloodsStderrIsReadAndCut) {
  context.on_stderr = [this] {
    if (context.errors.size() == options.stderr_limit) CloseService();
  };
  Evil({"flood", "2"});
  EXPECT_TRUE(Run());
  EXPECT_EQ(context.errors.size(), options.stderr_limit);
}

class FullScratch : public EvilCommand, public testing::WithParamInterface<const char*> {};

TEST_P(FullScratch, EndsTheCommandAtOnce) {
  options.scratch = 16 * kMiB;
  options.grace = std::chrono::seconds(60);  // which it does not get
  Evil({GetParam()});
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, Kind::kTooLarge) << failure->detail;
  EXPECT_EQ(failure->type, "scratch-full");
  EXPECT_LT(took, std::chrono::seconds(30));
}

INSTANTIATE_TEST_SUITE_P(Fillers, FullScratch,
                         testing::Values("fill", "fill-unlinked", "fill-memory-files",
                                         "many-files"));

TEST_F(EvilCommand, CannotOverrunTheScratchWithOneFile) {
  options.scratch = 8 * kMiB;
  Script("yes > file", {"{output}"});
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->type, "scratch-full");
}

TEST_F(EvilCommand, ThatNestsItsFoldersDeeplyLeavesNone) {
  Evil({"deep", "90"});
  EXPECT_FALSE(Run());
  // Nobody needs such; measuring it would take a descriptor each.
  Evil({"deep", "2000"});
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->type, "scratch-full");
}

TEST_F(EvilCommand, ThatHidesItsFoldersLeavesNone) {
  Evil({"dark", "{output}"});
  EXPECT_FALSE(Run());
  EXPECT_THAT(context.parts, IsEmpty());
}

TEST_F(EvilCommand, GetsNothingThroughItsOutput) {
  Evil({"odd-output", "{output}", Secret()});
  EXPECT_FALSE(Run());
  EXPECT_THAT(context.parts, ElementsAre(FakePart{"real.txt", "text/plain", "real"}));
}

TEST_F(EvilCommand, CannotReplaceItsOutput) {
  std::filesystem::create_directory(folder() / "else");
  std::ofstream(folder() / "else" / "secret") << "secret";
  Evil({"replace-output", "{output}", "=" + (folder() / "else").string()});
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, Kind::kInternal);
  EXPECT_THAT(failure->detail, HasSubstr("Not a directory"));
  EXPECT_THAT(context.parts, IsEmpty());
  EXPECT_TRUE(std::filesystem::exists(folder() / "else" / "secret"));
}

TEST_F(EvilCommand, CannotNameAFileAsNoPartIsNamed) {
  Script("echo > \"$1/$(printf 'a\\nb c')\"", {"{output}"});
  const auto failure = Run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->type, "command-failed");
  EXPECT_THAT(failure->detail, HasSubstr("'a b c' has no plain name"));
}

TEST_F(EvilCommand, ReachesNeitherTheServiceNorItsFiles) {
  Evil({"reach", std::to_string(getppid()), Secret()});
  EXPECT_FALSE(Run()) << "granted";
  EXPECT_THAT(context.parts, ElementsAre(FakePart{"output", options.output_type, "tried 31\n"}));
}

TEST_F(EvilCommand, ReachesNoZygote) {
  // The fixture says that it is the zygote itself.
  Evil({"reach", std::to_string(getpid()), Secret()});
  EXPECT_FALSE(Run()) << "granted";
  EXPECT_THAT(context.parts, ElementsAre(FakePart{"output", options.output_type, "tried 31\n"}));
}

}  // namespace
}  // namespace headrace
