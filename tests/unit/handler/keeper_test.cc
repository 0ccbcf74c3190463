// Executors that have another program do their jobs: one for each job.
#include <signal.h>

#include <array>
#include <string>

#include "handler/frames/part_check.h"
#include "keeper_fixture.h"
#include "log_capture.h"

namespace headrace {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kMiB = std::size_t{1} << 20U;
constexpr auto k502 = ErrorCode::kHandlerCrashed;

TEST_F(KeeperTest, AreNotLimitedThemselvesAndOutliveTheSignalThatTellsThemToEnd) {
  options_.memory = 64 * kMiB;
  const Outcome& outcome = Run({{"do", "inspect"}});
  ASSERT_EQ(outcome.state, JobState::kSucceeded);
  std::ifstream file("/proc/self/oom_score_adj");
  std::string score;
  std::getline(file, score);
  EXPECT_EQ(TextOf(outcome.parts.at(0)),
            "pdeathsig 15\nsubreaper 1\nblocked 1\nno_new_privs 1\ndumpable 0\nnofile 1024\n"
            "core 0\nendless 111\ncloexec 1\noom_score_adj " +
                score + "\n");
}

class KeeperPayloads : public KeeperTest, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(KeeperPayloads, CanBeReadByTheirDescriptor) {
  const std::string payload(GetParam(), 'x');
  const Outcome& outcome = Run({{"do", "echo"}}, payload);
  ASSERT_EQ(outcome.state, JobState::kSucceeded);
  EXPECT_TRUE(TextOf(outcome.parts.at(0)) == (payload.empty() ? "no payload" : payload));
}

INSTANTIATE_TEST_SUITE_P(Sizes, KeeperPayloads, ::testing::Values(0, 1, kMiB + 17));

TEST_F(KeeperTest, AddAPartInPieces) {
  const LogCapture log;
  const Outcome& outcome = Run({{"do", "pieces"}, {"size", "100000"}});
  ASSERT_EQ(outcome.state, JobState::kSucceeded);
  ASSERT_EQ(outcome.parts.size(), 2U);
  const std::string all(100'000, 'p');
  EXPECT_EQ(outcome.parts[0].name, "pieces");
  EXPECT_TRUE(TextOf(outcome.parts[0]) == all);
  EXPECT_EQ(outcome.parts[0].crc32, Crc32(std::as_bytes(std::span(all))));
  EXPECT_EQ(TextOf(outcome.parts[1]), "more");
  EXPECT_TRUE(log.Has("no other part")) << "one at a time; and what is said meanwhile is heard";
}

TEST_F(KeeperTest, MayFailInTheMiddleOfAPart) {
  ExpectFailure(Run({{"do", "pieces"}, {"give-up", "yes"}}), ErrorCode::kUnprocessable, "gave-up",
                "");
  ExpectNextJobWorks();
}

TEST_F(KeeperTest, HaveTheStandardErrorOfTheirProgramsInTheLogLineByLine) {
  const LogCapture log;
  EXPECT_EQ(
      Run({{"do", "say"}, {"text", "one\ntwo \x1B[2J\r\n\nthr"}, {"more", "ee\nno end"}}).state,
      JobState::kSucceeded);
  const std::string start = "job stderr: job_id=job-1 queue=test text=";
  for (const char* const line : {"one", "two \\x1b[2J", "three", "no end"}) {
    EXPECT_TRUE(log.Has(start + line + "\n")) << line << " in " << log.Text();
  }
  EXPECT_FALSE(log.Has(start + "\n")) << "an empty line";
}

TEST_F(KeeperTest, TellALongLineInPieces) {
  const LogCapture log;
  Run({{"do", "say"}, {"text", std::string(5000, 'a')}, {"more", std::string(5000, 'b') + "\n"}});
  EXPECT_TRUE(log.Has("=" + std::string(4096, 'a') + "\n"));
  EXPECT_TRUE(log.Has("=" + std::string(904, 'a') + std::string(3192, 'b') + "\n"));
  EXPECT_TRUE(log.Has("=" + std::string(1808, 'b') + "\n"));
}

TEST_F(KeeperTest, AreEndedWhenTheyLetAFloodOfStandardErrorThrough) {
  spdlog::set_level(spdlog::level::warn);
  ExpectFailure(Run({{"do", "say-without-end"}}), k502, "executor-crashed",
                "standard error without end");
  spdlog::set_level(spdlog::level::info);
  EXPECT_EQ(Deaths(ExecutorDeath::kProtocol), 1U);
  ExpectNextJobWorks();
}

TEST_F(KeeperTest, AreEndedWhenTheyTellTheirUsageAgainAndAgain) {
  EXPECT_EQ(Run({{"do", "usage"}, {"times", "16"}}).state, JobState::kSucceeded);
  ExpectFailure(Run({{"do", "usage"}, {"times", "17"}}), k502, "executor-crashed",
                "its usage again and again");
}

TEST_F(KeeperTest, TellThePeakMemoryOfTheirPrograms) {
  EXPECT_EQ(Run({{"do", "usage"}}).timings.peak_memory, 12'345'678'901U);
}

TEST_F(KeeperTest, TellTheCpuTimeOfAProgramThatTheyHaveWaitedForOnce) {
  const double cpu = Run({{"do", "burn"}, {"ms", "300"}}).timings.cpu.count();
  EXPECT_GE(cpu, 0.29);
  EXPECT_LT(cpu, 0.59) << "the kernel and the keeper tell of the same";
}

TEST_F(KeeperTest, SayThatTheirProgramCrashed) {
  ExpectFailure(Run({{"do", "crashed"}}), k502, "executor-crashed", "the program");
  EXPECT_THAT(outcome_.error->hint, HasSubstr("crash"));
  EXPECT_EQ(Deaths(ExecutorDeath::kCrash), 1U);
}

TEST_F(KeeperTest, SayThatTheirProgramRanIntoItsCpuLimit) {
  ExpectFailure(Run({{"do", "cpu-limit"}}), k502, "executor-crashed", "cpu limit");
  EXPECT_THAT(outcome_.error->detail, HasSubstr("the program"));
  EXPECT_EQ(outcome_.error->hint, "hint");
  EXPECT_EQ(Deaths(ExecutorDeath::kCpu), 1U);
}

TEST_F(KeeperTest, SayThatTheJobCanBeTriedAgain) {
  ExpectFailure(Run({{"do", "retry"}}), ErrorCode::kUnavailable, "some-type", "the program");
  EXPECT_GT(outcome_.error->retry_after, 0);
  EXPECT_EQ(Deaths(ExecutorDeath::kCrash), 0U);
}

TEST_F(KeeperTest, EndTheirProgramWhenTheJobIsCancelled) {
  EXPECT_EQ(RunUntil(CancelReason::kDisconnected, "sleep").state, JobState::kCancelled);
  EXPECT_EQ(Marks().size(), 2U) << "those of the next one";
  EXPECT_EQ(Deaths(ExecutorDeath::kCancelled), 1U);
  ExpectNextJobWorks();
}

TEST_F(KeeperTest, EndTheirProgramAtTheDeadline) {
  EXPECT_EQ(RunUntil(CancelReason::kDeadline, "sleep").state, JobState::kExpired);
  EXPECT_EQ(Deaths(ExecutorDeath::kDeadline), 1U);
}

TEST_F(KeeperTest, EndTheirProgramWhenTheResultIsRefused) {
  options_.max_result = kMiB;
  ExpectFailure(Run({{"do", "pieces"}, {"size", "100000000"}}), k502, "result-too-large", "");
  EXPECT_EQ(Deaths(ExecutorDeath::kResult), 1U);
}

TEST_F(KeeperTest, AreKilledAfterTheirGraceWhenTheyDoNotEnd) {
  SetMode("stubborn");
  // Whatever the grace is, there are 5 s for the rest, of which a test needs little.
  options_.keeper_grace = std::chrono::milliseconds(-4'800);
  EXPECT_EQ(RunUntil(CancelReason::kDeadline, "ignore").state, JobState::kExpired);
  EXPECT_GE(SteadyClock::now() - cancelled_, std::chrono::milliseconds(200));
  pool_.reset();  // with one that was forked ahead, and does not end either
  EXPECT_FALSE(HasChildren());
  Forget(Marks());  // nobody was left to do so
}

TEST_F(KeeperTest, ThatDieInTheirJobAreACrash) {
  ExpectFailure(Run({{"do", "die"}}), k502, "executor-crashed", "exited with status 9");
  EXPECT_EQ(Deaths(ExecutorDeath::kCrash), 1U);
  ExpectNextJobWorks();
  pool_.reset();
  Forget(Marks());
}

class KeepersThatCannotBegin : public KeeperTest,
                               public ::testing::WithParamInterface<std::array<const char*, 2>> {};

TEST_P(KeepersThatCannotBegin, SayWhyAndLeaveNothing) {
  SetMode(GetParam()[0]);
  ExpectFailure(Run({{"do", "echo"}}), ErrorCode::kUnavailable, "executors-unavailable",
                GetParam()[1]);
  EXPECT_FALSE(Pool().Healthy());
}

INSTANTIATE_TEST_SUITE_P(
    Modes, KeepersThatCannotBegin,
    ::testing::Values(std::array<const char*, 2>{"unfit", "the model\\x1b file is missing"},
                      std::array<const char*, 2>{"throws", "the model file is broken"}));

TEST_F(KeeperTest, LeaveNothingWhenTheirZygoteIsKilledBeforeTheyHaveAJob) {
  options_.workers = 3;
  ExecutorPool& pool = Pool();
  const pid_t zygote = pool.ZygotePid();
  ExpectNextJobWorks();
  Spawn([&] { return Marks().size() == 6; });
  const auto before = Marks();
  kill(zygote, SIGKILL);
  Spawn([&] { return pool.ZygotePid() != zygote && pool.Ready(); });
  for (const std::string& mark : before) EXPECT_EQ(Marks().count(mark), 0U) << mark;
  ExpectNextJobWorks();
}

TEST(KeeperServiceTest, EndsByItselfWhenTheServiceIsKilled) {
  std::string pattern = std::filesystem::temp_directory_path() / "headrace-keepers-XXXXXX";
  const std::filesystem::path folder = mkdtemp(pattern.data());
  const auto files = [&] { return std::distance(std::filesystem::directory_iterator(folder), {}); };
  const pid_t service = fork();
  if (service == 0) {
    execl(HEADRACE_TEST_SERVICE, "service", HEADRACE_TEST_KEEPER, "1", folder.c_str(), "well",
          nullptr);
    _exit(1);
  }
  const Deadline deadline = Soon();
  while (files() < 4 && !deadline.Passed()) continue;  // at work, and ahead
  EXPECT_EQ(files(), 4);
  kill(service, SIGKILL);
  waitpid(service, nullptr, 0);
  while (files() != 0 && !deadline.Passed()) continue;
  EXPECT_EQ(files(), 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace headrace
