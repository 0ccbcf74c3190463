// Keepers whose programs live on from one job to the next.
#include <signal.h>

#include <algorithm>
#include <future>
#include <string>
#include <vector>

#include "keeper_fixture.h"

namespace headrace {
namespace {

using ::testing::HasSubstr;

class PersistentTest : public KeeperTest {
 protected:
  PersistentTest() { options_.recycle_after = 1000; }

  void AwaitReady() {
    ExecutorPool& pool = Pool();
    Spawn([&] { return pool.Ready(); });
  }

  // In place of those that jobs took.
  void AwaitKeepers(std::size_t count) {
    Spawn([&] { return Marks().size() == 2 * count && Keepers() == count; });
  }
};

TEST_F(PersistentTest, DoOneJobAfterTheOther) {
  const pid_t first = PidOfNextJob();
  EXPECT_NE(first, 0);
  EXPECT_EQ(PidOfNextJob(), first);
  EXPECT_EQ(PidOfNextJob("last"), first);
  EXPECT_NE(PidOfNextJob(), first) << "it has ended";
}

TEST_F(PersistentTest, GoOnAfterAFaultOfTheirProgramThatDidNotEndIt) {
  const pid_t first = PidOfNextJob();
  for (const char* const action : {"internal", "retry"}) {
    EXPECT_EQ(Run({{"do", action}}).state, JobState::kFailed);
    EXPECT_EQ(PidOfNextJob(), first) << action;
  }
  for (const char* const action : {"crashed", "cpu-limit"}) {
    const pid_t before = PidOfNextJob();
    EXPECT_EQ(Run({{"do", action}}).state, JobState::kFailed);
    EXPECT_NE(PidOfNextJob(), before) << action;
  }
}

TEST_F(PersistentTest, TellTheCpuTimeOfEachJobAlone) {
  options_.recycle_after = 3;
  for (int i = 0; i < 3; ++i) {  // with the last one the keeper ends and the kernel tells of all
    const double cpu = Run({{"do", "burn"}, {"ms", "200"}}).timings.cpu.count();
    EXPECT_GE(cpu, 0.19) << i;
    EXPECT_LT(cpu, 0.39) << i;
  }
}

TEST_F(PersistentTest, TellThePeakOfEachJobAlone) {
  constexpr std::uint64_t kFirst = 12'345'678'901;
  EXPECT_EQ(Run({{"do", "usage"}}).timings.peak_memory, kFirst);
  EXPECT_LT(Run({{"do", "pid"}}).timings.peak_memory, kFirst);
}

TEST_F(PersistentTest, AreReadyOnceOneOfThemHasBegun) {
  SetMode("slow");
  options_.workers = 2;
  ExecutorPool& pool = Pool();
  AwaitKeepers(2);
  EXPECT_FALSE(pool.Ready());
  EXPECT_FALSE(pool.State().ready);
  LetBegin();
  AwaitReady();
  EXPECT_TRUE(pool.State().ready);
  ExpectNextJobWorks();
}

TEST_F(PersistentTest, AreNotStartedBeforeThePoolIsOpened) {
  options_.held = true;
  ExecutorPool& pool = Pool();
  Spawn([&] { return pool.ZygotePid() != 0; });
  EXPECT_EQ(pool.Figures().started, 0U);
  pool.Open();
  AwaitKeepers(1);
  ExpectNextJobWorks();
}

TEST_F(PersistentTest, AreNotEndedByAJobThatGivesUpBeforeTheyHaveBegun) {
  SetMode("slow");
  Pool();
  AwaitKeepers(1);
  const auto before = Marks();
  QueuedJob late = Job({{"do", "pid"}});
  late.deadline = Deadline::After(std::chrono::milliseconds(20));
  EXPECT_EQ(RunJob(late).state, JobState::kExpired);
  QueuedJob cancelled = Job({{"do", "pid"}});
  cancelled.cancel.Cancel(CancelReason::kDeleted);
  EXPECT_EQ(RunJob(cancelled).state, JobState::kCancelled);
  LetBegin();
  EXPECT_NE(PidOfNextJob(), 0);
  EXPECT_EQ(Marks(), before);
}

TEST_F(PersistentTest, AreReplacedWhenTheyEndWithoutAJob) {
  AwaitReady();
  const pid_t first = PidOfNextJob();
  kill(first, SIGKILL);
  ExecutorPool& pool = Pool();
  Spawn([&] { return pool.Figures().started == 2 && pool.Ready(); });
  EXPECT_EQ(Deaths(ExecutorDeath::kCrash), 1U);
  EXPECT_TRUE(pool.Healthy());
  EXPECT_NE(PidOfNextJob(), first);
  pool_.reset();
  Forget(Marks());
}

TEST_F(PersistentTest, AreUnhealthyAndNotReadyWhileNoneOfThemCanBegin) {
  SetMode("unfit");
  ExecutorPool& pool = Pool();
  Spawn([&] { return !pool.Healthy() && pool.Figures().started > 2; });
  EXPECT_FALSE(pool.Ready());
  EXPECT_EQ(pool.State().trouble, ExecutorTrouble::kUnfit);
  EXPECT_THAT(pool.LastError(), HasSubstr("the model\\x1b file is missing"));
}

TEST_F(PersistentTest, AreNeverMoreThanTheWorkersWhateverBecomesOfThem) {
  constexpr std::size_t kWorkers = 3;
  options_.workers = kWorkers;
  ExecutorPool& pool = Pool();
  const pid_t zygote = pool.ZygotePid();
  std::vector<std::future<int>> workers;
  for (std::size_t worker = 0; worker < kWorkers; ++worker) {
    workers.push_back(std::async(std::launch::async, [&pool] {
      int good = 0;
      for (int i = 0; i < 6; ++i) {
        for (const char* const action : {"pid", "last", "crashed", "pid", "internal", "pid"}) {
          good += pool.Run(Job({{"do", action}})).state == JobState::kSucceeded ? 1 : 0;
        }
      }
      return good;
    }));
  }
  std::size_t most = 0;
  Spawn([&] {
    // While the zygote is not replaced, its number counts as a keeper's.
    if (pool.ZygotePid() == zygote) most = std::max(most, Keepers());
    return std::all_of(workers.begin(), workers.end(), [](const auto& worker) {
      return worker.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    });
  });
  for (auto& worker : workers) EXPECT_EQ(worker.get(), 6 * 4);
  EXPECT_LE(most, kWorkers);
  EXPECT_GE(most, 1U);
  AwaitKeepers(kWorkers);
}

TEST_F(PersistentTest, SurviveTheirZygoteAndAreNotDoubledByTheNextOne) {
  options_.workers = 2;
  ExecutorPool& pool = Pool();
  const pid_t first = PidOfNextJob();
  const pid_t zygote = pool.ZygotePid();
  AwaitKeepers(2);
  kill(zygote, SIGKILL);
  Spawn([&] { return pool.ZygotePid() != zygote && pool.ZygotePid() != 0; });
  EXPECT_LE(Keepers(), 2U);
  EXPECT_EQ(PidOfNextJob(), first);
  AwaitKeepers(2);
}

TEST_F(PersistentTest, EndTogetherWithTheirPool) {
  SetMode("together");  // each of three waits for the others
  options_.workers = 3;
  AwaitReady();
  AwaitKeepers(3);
  ExpectNextJobWorks();
  pool_.reset();
  EXPECT_TRUE(Marks().empty());
}

TEST_F(PersistentTest, AreAsManyAsAReloadSays) {
  options_.workers = 3;
  ExecutorPool& pool = Pool();
  AwaitKeepers(3);
  pool.SetWorkers(1);
  Spawn([&] { return Keepers() == 1; });
  ExpectNextJobWorks();
  pool.SetWorkers(2);
  Spawn([&] { return Keepers() == 2; });
  EXPECT_EQ(Deaths(ExecutorDeath::kCrash), 0U) << "they were asked to end";
}

// A stock of one keeper beside the pool.
class PersistentStockTest : public PersistentTest {
 protected:
  ExecutorStock& Stock() {
    if (stock_) return *stock_;
    ZygoteOptions zygote;
    zygote.name = options_.queue;
    zygote.binary = options_.binary;
    zygote.arguments = options_.arguments;
    zygote.keeper_grace = options_.keeper_grace;
    zygote.limits.jobs = options_.recycle_after;
    stock_.emplace(ExecutorStock::Options{1, true, false}, zygote, *spawn_queue_, counters_);
    Spawn([&] { return stock_->Ready(); });
    return *stock_;
  }
  void TearDown() override {
    stock_.reset();
    PersistentTest::TearDown();
  }

  ExecutorCounters counters_;
  std::optional<ExecutorStock> stock_;
};

// The one there is, however often it is looked after while a job comes and goes.
TEST_F(PersistentStockTest, IsNotTakenForOneTooManyBetweenTwoJobs) {
  ExecutorStock& stock = Stock();
  pid_t first = 0;
  for (int job = 0; job < 3; ++job) {
    ExecutorStock::Claim claim(stock);
    stock.OnEvent();
    auto taken = claim.Take(Soon(), -1);
    ASSERT_TRUE(taken && *taken);
    if (job == 0) first = (*taken)->pid();
    EXPECT_EQ((*taken)->pid(), first);
    stock.OnEvent();
    claim.Keep(*std::move(*taken));
    stock.OnEvent();
  }
}

// Who takes it for such a job ends it with the job.
TEST_F(PersistentStockTest, IsNotTakenForAJobThatNobodyWantsAnyMore) {
  ExecutorStock& stock = Stock();
  CancelToken cancelled;
  cancelled.Cancel(CancelReason::kDeleted);
  ExecutorStock::Claim claim(stock);
  const auto taken = claim.Take(Soon(), cancelled.PollFd());
  ASSERT_TRUE(taken.ok());
  EXPECT_FALSE(taken->has_value());
  const auto late = claim.Take(Deadline::After(std::chrono::seconds(0)), -1);
  ASSERT_TRUE(late.ok());
  EXPECT_FALSE(late->has_value());
  EXPECT_TRUE(stock.Ready());
}

TEST_F(PersistentTest, AreKilledWhereTheyDoNotEndWhenAReloadSaysSo) {
  SetMode("stubborn");
  options_.keeper_grace = std::chrono::milliseconds(-4'800);  // of 5 s that they have beyond it
  options_.workers = 2;
  ExecutorPool& pool = Pool();
  AwaitKeepers(2);
  pool.SetWorkers(1);
  Spawn([&] { return Keepers() == 1; });
  pool_.reset();
  Forget(Marks());  // nobody was left to do so
}

}  // namespace
}  // namespace headrace
