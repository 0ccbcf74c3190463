#include "handler/pool/executor_pool.h"

#include <sched.h>
#include <signal.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

#include "handler/frames/part_check.h"
#include "pool_fixture.h"

namespace headrace {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::size_t kMiB = std::size_t{1} << 20U;

TEST_F(PoolTest, ReturnsTheParsThatTheHandlerAdds) {
  const Outcome& outcome = Run({{"do", "parts"}, {"count", "3"}, {"size", "5"}});
  ASSERT_EQ(outcome.state, JobState::kSucceeded);
  ASSERT_EQ(outcome.parts.size(), 3U);
  EXPECT_EQ(outcome.parts[2].name, "part-2");
  EXPECT_EQ(outcome.parts[2].media_type, "text/plain");
  EXPECT_EQ(TextOf(outcome.parts[2]), "xxxxx");
}

class PayloadSizes : public PoolTest, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(PayloadSizes, AreEchoedByteForByteWithTheirCrc) {
  std::string payload(GetParam(), '\0');
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(i * 31 + i / 256);
  const Outcome& outcome = Run({{"do", "echo"}}, payload);
  ASSERT_EQ(outcome.state, JobState::kSucceeded);
  ASSERT_EQ(outcome.parts.size(), 1U);
  EXPECT_EQ(outcome.parts[0].bytes.size(), payload.size());
  EXPECT_TRUE(TextOf(outcome.parts[0]) == payload);
  EXPECT_EQ(outcome.parts[0].crc32, Crc32(std::as_bytes(std::span(payload))));
}

INSTANTIATE_TEST_SUITE_P(Sizes, PayloadSizes,
                         ::testing::Values(0, 1, kMaxInlinePart, kMaxInlinePart + 1, 65'535, 65'536,
                                           5 * kMiB + 17));

TEST_F(PoolTest, KeepsLargePartsInMemfdsAndSmallOnesInMemory) {
  const Outcome& large = Run({{"do", "parts"}, {"size", "100000"}});
  ASSERT_EQ(large.parts.size(), 1U);
  EXPECT_TRUE(large.parts[0].bytes.InMemfd());
  const Outcome& small = Run({{"do", "parts"}, {"size", "20000"}});
  ASSERT_EQ(small.parts.size(), 1U);
  EXPECT_FALSE(small.parts[0].bytes.InMemfd());
}

TEST_F(PoolTest, TellsCpuTimeAndPeakMemoryOfTheExecutor) {
  const Outcome& outcome = Run({{"do", "burn-for"}, {"ms", "50"}});
  ASSERT_EQ(outcome.state, JobState::kSucceeded);
  EXPECT_GE(outcome.timings.cpu.count(), 0.05);
  EXPECT_LT(outcome.timings.cpu.count(), 5);
  EXPECT_GE(outcome.timings.run.count(), 0.05);
  EXPECT_GT(outcome.timings.peak_memory, 100'000U);
}

TEST_F(PoolTest, GivesEveryJobItsOwnProcess) {
  UseBinary("trusted-executor");
  const std::string first = TextOf(Run({{"do", "inspect"}}).parts.at(0));
  const std::string second = TextOf(Run({{"do", "inspect"}}).parts.at(0));
  EXPECT_NE(first.substr(0, first.find('\n')), second.substr(0, second.find('\n')));
}

TEST_F(PoolTest, LimitsTheExecutorBeforeItsJob) {
  UseBinary("trusted-executor");
  options_.memory = 3000 * kMiB;
  options_.cpu = std::chrono::seconds(17);
  options_.max_result = 4 * kMiB;
  QueuedJob job = Job({{"do", "inspect"}});
  job.attempt = 3;
  job.traceparent = "00-abc";
  job.tracestate = "a=1";
  job.media_type = "text/plain; charset=utf-8";
  const Outcome& outcome = RunJob(job);
  ASSERT_EQ(outcome.state, JobState::kSucceeded);
  const std::string self = TextOf(outcome.parts.at(0));
  EXPECT_THAT(self, HasSubstr("ppid " + std::to_string(getpid())));
  const std::string pid = self.substr(4, self.find('\n') - 4);
  EXPECT_THAT(self, HasSubstr("pgid " + pid + "\n"));
  EXPECT_THAT(self, HasSubstr("dumpable 0\n"));
  EXPECT_THAT(self, HasSubstr("no_new_privs 1\n"));
  EXPECT_THAT(self, HasSubstr("pdeathsig 9\n"));
  EXPECT_THAT(self, HasSubstr("fds 4\n"));
  EXPECT_THAT(self, HasSubstr("oom_score_adj 1000\n"));
  EXPECT_THAT(self, HasSubstr("policy " + std::to_string(SCHED_BATCH) + "\nnice 5\n"));
#ifndef HEADRACE_SANITIZED
  EXPECT_THAT(self, HasSubstr("as 3145728000\n"));
#endif
  EXPECT_THAT(self, HasSubstr("cpu 17\n"));
  EXPECT_THAT(self, HasSubstr("fsize 4194304\n"));
  EXPECT_THAT(self, HasSubstr("nofile 64\n"));
  EXPECT_THAT(self, HasSubstr("core 0\n"));
  EXPECT_THAT(self, HasSubstr("id job-1\nqueue test\nattempt 3\ntrace 00-abc a=1\n"
                              "media_type text/plain; charset=utf-8\n"));
}

// An executor that tells of itself what the service's environment makes of it.
class PoolEnvironment : public PoolTest {
 protected:
  std::string SelfWith(const char* name, const char* value) {
    UseBinary("trusted-executor");
    setenv(name, value, 1);
    std::string self = TextOf(Run({{"do", "inspect"}}).parts.at(0));
    unsetenv(name);
    return self;
  }
};

TEST_F(PoolEnvironment, IsHiddenFromExecutors) {
  const std::string self = SelfWith("HEADRACE_TEST_SECRET", "hunter2");
  EXPECT_THAT(self, Not(HasSubstr("hunter2")));
  EXPECT_THAT(self, HasSubstr("env PATH="));
}

TEST_F(PoolEnvironment, PassesEveryPartOfTheLocaleOn) {
  EXPECT_THAT(SelfWith("LC_PAPER", "de_DE.UTF-8"), HasSubstr("env LC_PAPER=de_DE.UTF-8\n"));
}

TEST_F(PoolEnvironment, LetsNoExecutorStartThreadsOfOpenMp) {
  EXPECT_THAT(SelfWith("OMP_THREAD_LIMIT", "16"), HasSubstr("env OMP_THREAD_LIMIT=1\n"));
}

TEST_F(PoolTest, GivesTheBinaryItsArguments) {
  options_.arguments = {"--first=1", "second, with blanks"};
  EXPECT_EQ(TextOf(Run({{"do", "tell-arguments"}}).parts.at(0)),
            "--first=1\nsecond, with blanks\n");
}

TEST_F(PoolTest, KnowsTheProgressOfAJobHoweverOftenItIsTold) {
  const QueuedJob job = Job({{"do", "tell-progress"}, {"total", "100000"}});
  EXPECT_EQ(job.progress.Get().total, 0U);
  ASSERT_EQ(RunJob(job).state, JobState::kSucceeded);
  EXPECT_EQ(job.progress.Get().done, 100'000U);
  EXPECT_EQ(job.progress.Get().total, 100'000U);
}

TEST_F(PoolTest, ForksTheNextExecutorsAhead) {
  options_.workers = 3;
  ExpectNextJobWorks();
  const pid_t zygote = Pool().ZygotePid();
  Spawn([&] { return ChildrenInGroup(zygote).size() == 4; });  // the zygote and three more
  EXPECT_EQ(Pool().Figures().started, 4U);
}

TEST_F(PoolTest, GivesExecutorsThePriorityThatIsConfigured) {
  UseBinary("trusted-executor");
  options_.priority = ExecutorPriority::kIdle;
  const std::string self = TextOf(RunJob(Job({{"do", "inspect"}})).parts.at(0));
  EXPECT_THAT(self, HasSubstr("policy " + std::to_string(SCHED_IDLE) + "\n"));
}

TEST_F(PoolTest, RunsJobsOfManyWorkersAtOnce) {
  options_.workers = 4;
  ExecutorPool& pool = Pool();
  std::vector<std::thread> workers;
  std::atomic<int> good{0};
  for (int worker = 0; worker < 4; ++worker) {
    workers.emplace_back([&, worker] {
      for (int i = 0; i < 25; ++i) {
        const std::string token = std::to_string(worker * 100 + i);
        const Outcome outcome = pool.Run(Job({{"do", "echo"}}, token));
        if (outcome.state == JobState::kSucceeded && TextOf(outcome.parts.at(0)) == token) ++good;
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(good, 100);
}

TEST_F(PoolTest, EndsAtTheDeadlineWhateverTheHandlerDoes) {
  options_.workers = 4;
  ExecutorPool& pool = Pool();
  const Deadline deadline = Deadline::After(std::chrono::milliseconds(500));
  std::vector<std::future<Outcome>> running;
  running.reserve(4);
  for (const char* const action : {"sleep", "burn", "ignore", "close-socket"}) {
    QueuedJob job = Job({{"do", action}});
    job.deadline = deadline;
    running.push_back(std::async(std::launch::async, [&pool, job] { return pool.Run(job); }));
  }
  for (auto& outcome : running) {
    const Outcome ended = outcome.get();
    EXPECT_EQ(ended.state, JobState::kExpired);
    EXPECT_EQ(ended.error.value_or(Error{}).code, ErrorCode::kDeadlineExceeded);
  }
  EXPECT_TRUE(deadline.Passed());
  EXPECT_EQ(Deaths(ExecutorDeath::kDeadline), 4U);
  ExpectNextJobWorks();
}

TEST_F(PoolTest, KillsTheExecutorAtOnceWhenTheJobIsCancelled) {
  QueuedJob job = Job({{"do", "ignore"}});
  ExecutorPool& pool = Pool();
  const pid_t zygote = pool.ZygotePid();
  Spawn([&] { return ChildrenInGroup(zygote).size() == 2; });
  auto running = std::async(std::launch::async, [&] { return pool.Run(job); });
  // The executor of the job has left the zygote's group, the next one waits there.
  Spawn([&] { return pool.Figures().started == 2 && ChildrenInGroup(zygote).size() == 2; });
  const SteadyTime cancelled = SteadyClock::now();
  job.cancel.Cancel(CancelReason::kDisconnected);
  outcome_ = running.get();
  EXPECT_LT(SteadyClock::now() - cancelled, std::chrono::seconds(2));
  EXPECT_EQ(outcome_.state, JobState::kCancelled);
  EXPECT_EQ(outcome_.error.value_or(Error{}).type, "cancelled");
  EXPECT_EQ(Deaths(ExecutorDeath::kCancelled), 1U);
  ExpectNextJobWorks();
}

TEST_F(PoolTest, DoesNotStartAJobThatWasCancelledBefore) {
  QueuedJob job = Job({{"do", "sleep"}});
  job.cancel.Cancel(CancelReason::kDeleted);
  EXPECT_EQ(RunJob(job).state, JobState::kCancelled);
  QueuedJob late = Job({{"do", "sleep"}});
  late.cancel.Cancel(CancelReason::kDeadline);
  EXPECT_EQ(RunJob(late).state, JobState::kExpired);
  ExpectNextJobWorks();
}

TEST_F(PoolTest, RefusesParamsThatFitNoFrame) {
  const Outcome& outcome = Run({{"do", "nothing"}, {"text", std::string(20'000, 'x')}});
  ExpectFailure(outcome, ErrorCode::kUnprocessable, "invalid-params", "");
  ExpectNextJobWorks();
}

TEST_F(PoolTest, KeepsTheMemoryOfItsPartsAtTheirSize) {
  UseBinary("trusted-executor");
  const Outcome& outcome = Run({{"do", "resize-part"}});
  ASSERT_EQ(outcome.parts.size(), 2U);
  EXPECT_THAT(TextOf(outcome.parts[1]), HasSubstr("no"));
}

TEST_F(PoolTest, LeavesNothingOfAResultToAnExecutorThatWritesAfterItsEnd) {
  const Outcome& outcome = Run({{"do", "write-after-done"}});
  ASSERT_EQ(outcome.state, JobState::kSucceeded);
  const std::string once = TextOf(outcome.parts.at(0));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(TextOf(outcome.parts.at(0)) == once);
}

TEST_F(PoolTest, KillsWhatAnExecutorLeavesInItsGroup) {
  UseBinary("trusted-executor");
  // It says which child it has before it dies, but a dead executor has no result: look for it.
  ExpectFailure(Run({{"do", "leave-child"}}), ErrorCode::kHandlerCrashed, "executor-crashed",
                "SIGKILL");
  ExpectNextJobWorks();
}

}  // namespace
}  // namespace headrace
