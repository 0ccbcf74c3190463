// `isolation.recycle_after`: one process for several jobs.
#include <signal.h>

#include <future>
#include <string>
#include <vector>

#include "pool_fixture.h"

namespace headrace {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20U;

class RecycleTest : public PoolTest {
 protected:
  RecycleTest() { options_.recycle_after = 3; }

  pid_t PidOfNextJob() {
    const Outcome& outcome = Run({{"do", "pid"}});
    return outcome.parts.empty() ? 0 : std::stoi(TextOf(outcome.parts.front()));
  }
};

TEST_F(RecycleTest, DoesAsManyJobsInOneProcessAsConfigured) {
  const pid_t first = PidOfNextJob();
  EXPECT_NE(first, 0);
  EXPECT_EQ(PidOfNextJob(), first);
  EXPECT_EQ(PidOfNextJob(), first);
  const pid_t second = PidOfNextJob();
  EXPECT_NE(second, 0);
  EXPECT_NE(second, first);
  EXPECT_EQ(PidOfNextJob(), second);
}

TEST_F(RecycleTest, HasTheNextProcessForkedBeforeTheFirstOneEnds) {
  const pid_t zygote = Pool().ZygotePid();
  PidOfNextJob();
  Spawn([&] { return ChildrenInGroup(zygote).size() == 2; });  // the zygote and the next one
  EXPECT_EQ(Pool().Figures().started, 2U);
  PidOfNextJob();
  EXPECT_EQ(Pool().Figures().started, 2U);
}

TEST_F(RecycleTest, RunsJobsOfManyWorkersAtOnceWithoutMixingThemUp) {
  options_.workers = 4;
  ExecutorPool& pool = Pool();
  std::vector<std::future<int>> workers;
  for (int worker = 0; worker < 4; ++worker) {
    workers.push_back(std::async(std::launch::async, [&pool, worker] {
      int good = 0;
      for (int i = 0; i < 25; ++i) {
        const std::string token = std::to_string(worker * 100 + i);
        const Outcome outcome = pool.Run(Job({{"do", "echo"}}, token));
        if (outcome.state == JobState::kSucceeded && TextOf(outcome.parts.at(0)) == token) ++good;
      }
      return good;
    }));
  }
  for (auto& worker : workers) EXPECT_EQ(worker.get(), 25);
}

TEST_F(RecycleTest, KeepsNoMoreProcessesThanAReloadSaysThatCameWhileTheyWorked) {
  constexpr int kBefore = 3;
  options_.workers = kBefore;
  ExecutorPool& pool = Pool();
  const QueuedJob job = Job({{"do", "burn-for"}, {"ms", "200"}});
  std::vector<std::future<Outcome>> running;
  for (int i = 0; i < kBefore; ++i) {
    running.push_back(std::async(std::launch::async, [&] { return pool.Run(job); }));
  }
  pool.SetWorkers(1);
  for (auto& one : running) EXPECT_EQ(one.get().state, JobState::kSucceeded);
  EXPECT_EQ(ChildrenOutOfGroup(pool.ZygotePid()), 1U);
}

struct LastJob {
  const char* action;
  const char* kind = "";
  bool used_again = false;
};
std::ostream& operator<<(std::ostream& out, const LastJob& job) {
  return out << job.action << ' ' << job.kind;
}

class LastJobs : public RecycleTest, public ::testing::WithParamInterface<LastJob> {};

TEST_P(LastJobs, DecideWhetherTheProcessIsUsedAgain) {
  options_.max_result = kMiB;
  const pid_t before = PidOfNextJob();
  Run({{"do", GetParam().action}, {"kind", GetParam().kind}, {"size", "10000000"}});
  EXPECT_EQ(PidOfNextJob() == before, GetParam().used_again);
}

INSTANTIATE_TEST_SUITE_P(Ends, LastJobs,
                         ::testing::Values(LastJob{"nothing", "", true},
                                           LastJob{"fail", "payload", true},
                                           LastJob{"fail", "acceptable", true},
                                           LastJob{"fail", "internal"}, LastJob{"throw"},
                                           LastJob{"bad-alloc"}, LastJob{"exit"},
                                           LastJob{"send-garbage"}, LastJob{"parts"}));

TEST_F(RecycleTest, DoesNotUseAProcessAgainThatWasCancelled) {
  const pid_t before = PidOfNextJob();
  QueuedJob job = Job({{"do", "sleep"}});
  ExecutorPool& pool = Pool();
  auto running = std::async(std::launch::async, [&] { return pool.Run(job); });
  job.cancel.Cancel(CancelReason::kDisconnected);
  EXPECT_EQ(running.get().state, JobState::kCancelled);
  EXPECT_NE(PidOfNextJob(), before);
}

TEST_F(RecycleTest, DoesNotUseAProcessAgainWhoseJobExpired) {
  const pid_t before = PidOfNextJob();
  QueuedJob job = Job({{"do", "sleep"}});
  job.deadline = Deadline::After(std::chrono::milliseconds(50));
  EXPECT_EQ(RunJob(job).state, JobState::kExpired);
  EXPECT_NE(PidOfNextJob(), before);
}

TEST_F(RecycleTest, GivesTheJobToAnotherProcessWhereTheOneThatWaitedIsDead) {
  const pid_t before = PidOfNextJob();
  const UniqueFd pidfd = OpenPidfd(before);
  kill(before, SIGKILL);
  ASSERT_TRUE(Ends(pidfd));
  ExpectNextJobWorks();
  EXPECT_TRUE(Pool().Healthy());
}

TEST_F(RecycleTest, TakesNothingThatAProcessSaysAfterItsJobForTheAnswerOfTheNext) {
  options_.recycle_after = 10;
  EXPECT_EQ(Run({{"do", "write-after-done"}}).state, JobState::kSucceeded);
  ExpectNextJobWorks();
}

TEST_F(RecycleTest, TellsTheCpuTimeOfEachJobAlone) {
  const auto cpu = [this](const char* action) {
    const Outcome& outcome = Run({{"do", action}, {"ms", "200"}});
    EXPECT_EQ(outcome.state, JobState::kSucceeded);
    EXPECT_GT(outcome.timings.peak_memory, 100'000U);
    return outcome.timings.cpu.count();
  };
  EXPECT_GE(cpu("burn-for"), 0.2);
  const double nothing = cpu("nothing");
  EXPECT_GT(nothing, 0);
  EXPECT_LT(nothing, 0.1);
  const double last = cpu("burn-for");  // the process ends with it
  EXPECT_GE(last, 0.19) << "what it did between the jobs counts as well";
  EXPECT_LT(last, 0.39);
}

TEST_F(RecycleTest, KeepsNeitherMemoryNorDescriptorsOfTheJobsBefore) {
  options_.memory = 256 * kMiB;
  options_.recycle_after = 100;
  const std::string payload(8 * kMiB, 'x');
  const pid_t first = PidOfNextJob();
  for (int i = 0; i < 80; ++i) {  // 640 MiB in all; 80 payloads and 80 parts against 64 descriptors
    const Outcome& outcome = Run({{"do", "echo"}}, payload);
    ASSERT_EQ(outcome.state, JobState::kSucceeded)
        << i << ": " << outcome.error->type << ", " << outcome.error->detail;
  }
  EXPECT_EQ(PidOfNextJob(), first) << Pool().LastError();
}

}  // namespace
}  // namespace headrace
