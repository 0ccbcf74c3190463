// Jobs that fall into tasks, done by one executor or by several.
#include <malloc.h>

#include <algorithm>
#include <set>

#include "base/sync.h"
#include "handler/job_result.h"
#include "pool_fixture.h"

namespace headrace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ResultPart Part(const std::string& name) { return {name, "a/b", Payload::FromString(name), 0}; }

std::vector<std::string> Names(const std::vector<ResultPart>& parts) {
  std::vector<std::string> names;
  for (const auto& part : parts) names.push_back(part.name);
  return names;
}

TEST(JobResult, BringsPartsIntoTheOrderOfTheTasks) {
  std::vector<std::string> passed_on;
  const JobProgress progress;
  JobResult result(
      1000, [&](ResultPart part) { passed_on.push_back(part.name); }, &progress);
  ASSERT_TRUE(result.Announce(3));
  EXPECT_EQ(result.NextTask(), 0U);
  EXPECT_EQ(result.NextTask(), 1U);
  EXPECT_EQ(result.NextTask(), 2U);
  EXPECT_EQ(result.NextTask(), std::nullopt);
  result.Add(2, Part("c"));
  result.Complete(2);
  result.Add(0, Part("a1"));
  EXPECT_THAT(passed_on, ElementsAre("a1")) << "it is this task's turn";
  EXPECT_EQ(progress.Get().done, 1U);
  EXPECT_EQ(progress.Get().total, 3U);
  result.Add(1, Part("b"));
  result.Add(0, Part("a2"));
  result.Complete(0);
  EXPECT_THAT(passed_on, ElementsAre("a1", "a2", "b"));
  result.Complete(1);
  EXPECT_THAT(passed_on, ElementsAre("a1", "a2", "b", "c"));
}

TEST(JobResult, PassesOnTheRestOfATaskWhoseTurnHasCome) {
  JobResult result(1000, nullptr);
  ASSERT_TRUE(result.Announce(2));
  while (result.NextTask()) continue;
  result.Add(1, Part("b1"));
  result.Complete(0);
  result.Add(1, Part("b2"));
  result.Complete(1);
  EXPECT_THAT(Names(result.Take()), ElementsAre("b1", "b2"));
}

// As an executor that is not ours any more would: it says it has done one after the other, while
// another one holds the first.
TEST(JobResult, KeepsNothingOfTasksThatAreCompleteWithoutParts) {
  constexpr std::uint32_t kTasks = 200'000;
  JobResult result(1000, nullptr);
  ASSERT_TRUE(result.Announce(kTasks));
  ASSERT_EQ(result.NextTask(), 0U);
  const std::size_t before = ::mallinfo2().uordblks;
  for (std::uint32_t task = 1; task < kTasks; ++task) {
    ASSERT_EQ(result.NextTask(), task);
    result.Complete(task);
  }
  EXPECT_LT(::mallinfo2().uordblks, before + (std::size_t{64} << 10U));
  result.Add(0, Part("a"));
  EXPECT_THAT(Names(result.Take()), ElementsAre("a"));
}

TEST(JobResult, HoldsAllExecutorsToOneLimit) {
  JobResult result(10, nullptr);
  EXPECT_TRUE(result.Charge(6).ok());
  EXPECT_FALSE(result.Charge(6).ok());
}

TEST(JobResult, DoesNotTakeTwoCountsOfTasks) {
  JobResult result(10, nullptr);
  EXPECT_TRUE(result.Announce(3));
  EXPECT_TRUE(result.Announce(3));
  EXPECT_FALSE(result.Announce(4));
}

// Lends as many slots as it has, until they are wanted back.
class FakeLender final : public SlotLender {
 public:
  explicit FakeLender(int slots) : free_(slots) {}
  SlotLease TryBorrow() override {
    const MutexLock lock(mu_);
    if (wanted_ || free_ == 0) return nullptr;
    --free_;
    ++lent_;
    return {this, [this](void*) { Return(); }};
  }
  [[nodiscard]] bool Wanted() const override {
    const MutexLock lock(mu_);
    return wanted_;
  }
  void Want() {
    const MutexLock lock(mu_);
    wanted_ = true;
  }
  [[nodiscard]] int Lent() const {
    const MutexLock lock(mu_);
    return lent_;
  }
  [[nodiscard]] int Free() const {
    const MutexLock lock(mu_);
    return free_;
  }

 private:
  void Return() {
    const MutexLock lock(mu_);
    ++free_;
  }
  mutable Mutex mu_;
  int free_ GUARDED_BY(mu_);
  int lent_ GUARDED_BY(mu_) = 0;
  bool wanted_ GUARDED_BY(mu_) = false;
};

class TasksTest : public PoolTest {
 protected:
  // The processes that did the tasks, which must be all there, in order.
  std::set<std::string> Processes(const Outcome& outcome, std::size_t tasks) {
    std::set<std::string> processes;
    EXPECT_EQ(outcome.state, JobState::kSucceeded) << outcome.error.value_or(Error{}).detail;
    EXPECT_EQ(outcome.parts.size(), 2 * tasks);
    for (std::size_t i = 0; i + 1 < outcome.parts.size(); i += 2) {
      EXPECT_EQ(outcome.parts[i].name, "task-" + std::to_string(i / 2));
      EXPECT_EQ(outcome.parts[i + 1].name, "large-" + std::to_string(i / 2));
      const std::string text = TextOf(outcome.parts[i]);
      processes.insert(text.substr(text.find(' ') + 1));
    }
    return processes;
  }
  void Lend(int slots) {
    lender_.emplace(slots);
    options_.lender = &*lender_;
    options_.workers = 2;
  }

  std::optional<FakeLender> lender_;
};

TEST_F(TasksTest, OneExecutorDoesThemAllWhereNoSlotIsLent) {
  EXPECT_EQ(Processes(Run({{"do", "tasks"}}), 10).size(), 1U);
  Lend(0);
  pool_.reset();
  EXPECT_EQ(Processes(Run({{"do", "tasks"}}), 10).size(), 1U);
}

TEST_F(TasksTest, NoTasksAtAllAreNoParts) {
  const Outcome& outcome = Run({{"do", "tasks"}, {"tasks", "0"}});
  EXPECT_EQ(outcome.state, JobState::kSucceeded);
  EXPECT_TRUE(outcome.parts.empty());
}

TEST_F(TasksTest, SeveralExecutorsShareThemAndTheOrderIsKept) {
  Lend(2);
  EXPECT_EQ(Processes(Run({{"do", "tasks"}, {"tasks", "300"}}), 300).size(), 3U);
  EXPECT_EQ(lender_->Free(), 2) << "the slots are given back";
}

TEST_F(TasksTest, PartsAreStreamedInOrder) {
  Lend(2);
  std::vector<std::string> names;
  QueuedJob job = Job({{"do", "tasks"}, {"tasks", "100"}});
  job.on_part = [&](ResultPart part) { names.push_back(part.name); };
  const Outcome& outcome = RunJob(job);
  EXPECT_EQ(outcome.state, JobState::kSucceeded);
  ASSERT_EQ(names.size(), 200U);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(names[2 * i], "task-" + std::to_string(i));
}

TEST_F(TasksTest, ASlotThatIsWantedGoesBackAtTheEndOfATask) {
  Lend(1);
  Pool();
  QueuedJob job = Job({{"do", "tasks"}, {"tasks", "100000"}});
  auto running = std::async(std::launch::async, [&] { return pool_->Run(job); });
  Spawn([&] { return lender_->Lent() == 1; });
  lender_->Want();
  Spawn([&] { return lender_->Free() == 1; });
  job.cancel.Cancel(CancelReason::kDeleted);
  EXPECT_EQ(running.get().state, JobState::kCancelled);
}

TEST_F(TasksTest, AFailureOfATaskIsTheJobs) {
  Lend(2);
  const Outcome& outcome = Run({{"do", "tasks"}, {"tasks", "100"}, {"fail", "50"}});
  ExpectFailure(outcome, ErrorCode::kUnprocessable, "some-type", "failed");
  EXPECT_EQ(lender_->Free(), 2);
  ExpectNextJobWorks();
}

TEST_F(TasksTest, ACrashInATaskIsTheJobs) {
  Lend(2);
  const Outcome& outcome = Run({{"do", "tasks"}, {"tasks", "100"}, {"kill", "50"}});
  EXPECT_EQ(outcome.state, JobState::kFailed);
  EXPECT_EQ(outcome.error.value_or(Error{}).type, "executor-crashed");
  EXPECT_EQ(lender_->Free(), 2);
  ExpectNextJobWorks();
}

TEST_F(TasksTest, ADeadlineEndsAllExecutors) {
  Lend(2);
  QueuedJob job = Job({{"do", "tasks"}, {"tasks", "100"}, {"slow", "50"}});
  job.deadline = Deadline::After(std::chrono::milliseconds(500));
  EXPECT_EQ(RunJob(job).state, JobState::kExpired);
  EXPECT_EQ(lender_->Free(), 2);
}

}  // namespace
}  // namespace headrace
