#include "worker/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/memory/memory_engine.h"
#include "support/engine_calls.h"
#include "support/event.h"
#include "support/jobs.h"

namespace headrace {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

Outcome Succeeded() {
  Outcome outcome;
  outcome.state = JobState::kSucceeded;
  return outcome;
}

// Runs what the test says; by default every job succeeds at once.
class FakeRunner final : public Runner {
 public:
  using Body = std::function<Outcome(const QueuedJob&)>;
  explicit FakeRunner(Body body = [](const QueuedJob&) { return Succeeded(); })
      : body_(std::move(body)) {}
  Outcome Run(const QueuedJob& job) override {
    ++runs;
    return body_(job);
  }
  std::atomic<int> runs{0};

 private:
  Body body_;
};

// A pool over one or two queues, each with `workers` and room for 100 waiting jobs.
class WorkerPoolTest : public testing::Test {
 protected:
  void Start(std::vector<WorkerQueue> queues, std::size_t slots) {
    std::vector<QueueOptions> options;
    std::vector<std::string> names;
    for (const auto& queue : queues) {
      options.push_back({queue.name, queue.workers, 100});
      names.push_back(queue.name);
    }
    engine_ = std::make_unique<MemoryEngine>(options);
    metrics_ = std::make_unique<Metrics>(names, *engine_, "test");
    slots_ = std::make_unique<SlotPool>(slots);
    pool_ =
        std::make_unique<WorkerPool>(std::move(queues), *engine_, *slots_, *metrics_, Listener());
    pool_->Start();
  }

  // As the service: ends the job first.
  WorkerPool::Listener Listener() {
    return {nullptr, [this](const JobPtr& job, Outcome outcome) {
              EXPECT_TRUE(FinishAs(*engine_, job->id, job->attempt, outcome));
              {
                const MutexLock lock(mu_);
                ended_.emplace_back(job->id, std::move(outcome));
              }
              finished_.Set();
            }};
  }

  JobPtr Push(QueueIndex queue = 0) { return Push(MakeJob(queue)); }
  JobPtr Push(JobPtr job) {
    EXPECT_EQ(PushTo(*engine_, job), PushResult::kAccepted);
    return job;
  }
  std::pair<std::string, Outcome> Ended(std::size_t index) {
    const MutexLock lock(mu_);
    return ended_.at(index);
  }

  std::unique_ptr<MemoryEngine> engine_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<SlotPool> slots_;
  Event finished_;
  Mutex mu_;
  std::vector<std::pair<std::string, Outcome>> ended_ GUARDED_BY(mu_);
  std::unique_ptr<WorkerPool> pool_;  // last: its threads use all above
};

TEST_F(WorkerPoolTest, KeepsTheSlotForTheNextJobAndTellsOfEachAttempt) {
  FakeRunner runner;
  std::atomic<int> started{0};
  std::atomic<bool> slot_was_lent{true};
  engine_ = std::make_unique<MemoryEngine>(std::vector<QueueOptions>{{"queue", 1, 0}});
  metrics_ = std::make_unique<Metrics>(std::vector<std::string>{"queue"}, *engine_, "test");
  slots_ = std::make_unique<SlotPool>(1);
  WorkerPool::Listener listener;
  listener.on_started = [&](const QueuedJob&) { ++started; };
  listener.on_ran = [&](const JobPtr& job, const Outcome& outcome) {
    FinishAs(*engine_, job->id, job->attempt, outcome);
    slot_was_lent = LentSlots(*slots_).TryBorrow() != nullptr;
    finished_.Set();
  };
  pool_ = std::make_unique<WorkerPool>(std::vector<WorkerQueue>{{"queue", 1, true, &runner}},
                                       *engine_, *slots_, *metrics_, std::move(listener));
  pool_->Start();
  Push();
  ASSERT_TRUE(finished_.Wait());
  EXPECT_EQ(started, 1);
  EXPECT_FALSE(slot_was_lent);
  EXPECT_EQ(engine_->Figures(0).succeeded, 1U);
  EXPECT_TRUE(Eventually([&] { return slots_->Figures().busy == 0; })) << "there is no other job";
}

TEST_F(WorkerPoolTest, TellsHowLongAJobWaitedAndRan) {
  FakeRunner runner;
  Start({{"queue", 1, true, &runner}}, 1);
  auto job = MakeJob();
  job->accepted_at = SteadyClock::now() - milliseconds(50);
  Push(job);
  ASSERT_TRUE(finished_.Wait());
  EXPECT_GE(Ended(0).second.timings.wait, milliseconds(50));
  EXPECT_GT(Ended(0).second.timings.run.count(), 0);
}

TEST_F(WorkerPoolTest, DropsAJobUnrunThatWasCancelledBeforeItsClaim) {
  FakeRunner runner;
  Start({{"queue", 1, true, &runner}}, 1);
  auto job = MakeJob();
  job->cancel.Cancel(CancelReason::kDisconnected);
  Push(job);
  ASSERT_TRUE(finished_.Wait());
  EXPECT_EQ(runner.runs, 0);
  EXPECT_EQ(Ended(0).second.state, JobState::kCancelled);
  EXPECT_EQ(engine_->Figures(0).cancelled, 1U);
}

TEST_F(WorkerPoolTest, DropsAJobUnrunWhoseDeadlineHasPassed) {
  FakeRunner runner;
  Start({{"queue", 1, true, &runner}}, 1);
  auto job = MakeJob();
  job->deadline = Deadline::At(SteadyClock::now() - milliseconds(1));
  Push(job);
  ASSERT_TRUE(finished_.Wait());
  EXPECT_EQ(runner.runs, 0);
  EXPECT_EQ(Ended(0).second.state, JobState::kExpired);
  EXPECT_EQ(Ended(0).second.error->code, ErrorCode::kDeadlineExceeded);
}

TEST_F(WorkerPoolTest, RunsAsManyJobsAtOnceAsItHasWorkers) {
  Event both;
  Event release;
  FakeRunner runner([&](const QueuedJob&) {
    both.Set();
    EXPECT_TRUE(release.Wait());
    return Succeeded();
  });
  Start({{"queue", 2, true, &runner}}, 2);
  for (int i = 0; i < 3; ++i) Push();
  ASSERT_TRUE(both.Wait(2));
  EXPECT_EQ(runner.runs, 2);
  EXPECT_EQ(engine_->Figures(0).waiting, 1U);
  release.Set();
  EXPECT_TRUE(finished_.Wait(3));
}

TEST_F(WorkerPoolTest, KeepsNoMoreCoresBusyThanThereAreSlotsOverAllQueues) {
  std::atomic<int> busy{0};
  std::atomic<bool> exceeded{false};
  FakeRunner runner([&](const QueuedJob&) {
    if (++busy > 1) exceeded = true;
    std::this_thread::yield();
    --busy;
    return Succeeded();
  });
  Start({{"first", 2, true, &runner}, {"second", 2, true, &runner}}, 1);
  for (int i = 0; i < 50; ++i) {
    Push(0);
    Push(1);
  }
  ASSERT_TRUE(finished_.Wait(100));
  EXPECT_FALSE(exceeded);
}

TEST_F(WorkerPoolTest, ClaimsNothingWhileItWaitsForASlotSoThatTheJobCanStillBeCancelledInPlace) {
  FakeRunner runner;
  Start({{"queue", 1, true, &runner}}, 1);
  auto slot = slots_->Acquire();
  const auto job = Push();
  ASSERT_TRUE(Eventually([&] { return pool_->Figures(0).queued == 1; }));
  EXPECT_EQ(CancelFor(*engine_, job->id, CancelReason::kDeleted), CancelResult::kRemoved);
  slot.Return();
  ASSERT_TRUE(Eventually([&] { return pool_->Figures(0).idle == 1; }));
  EXPECT_EQ(slots_->Figures().busy, 0U);
  EXPECT_EQ(runner.runs, 0);
}

TEST_F(WorkerPoolTest, NeedsNoSlotForAHandlerThatOnlyWaits) {
  FakeRunner runner;
  Start({{"queue", 1, false, &runner}}, 1);
  const auto slot = slots_->Acquire();
  Push();
  EXPECT_TRUE(finished_.Wait());
}

TEST_F(WorkerPoolTest, ShowsAWorkerAsOverdueWhoseJobNobodyWantsAnyMore) {
  Event started;
  Event release;
  FakeRunner runner([&](const QueuedJob&) {
    started.Set();
    EXPECT_TRUE(release.Wait());
    return Succeeded();
  });
  Start({{"queue", 1, true, &runner}}, 1);
  const auto job = Push();
  ASSERT_TRUE(started.Wait());
  EXPECT_EQ(pool_->Figures(0).busy, 1U);
  CancelFor(*engine_, job->id, CancelReason::kDeadline);
  EXPECT_EQ(pool_->Figures(0).overdue, 1U);
  EXPECT_EQ(pool_->Figures(0).busy, 0U);
  release.Set();
  ASSERT_TRUE(finished_.Wait());
  EXPECT_TRUE(Eventually([&] { return pool_->Figures(0).idle == 1; }));
}

TEST_F(WorkerPoolTest, ShowsItsWorkersAsIdleBeforeTheyAreStartedAndWhileTheyAre) {
  MemoryEngine engine({{"queue", 4, 1}});
  Metrics metrics({"queue"}, engine, "test");
  SlotPool slots(1);
  FakeRunner runner;
  WorkerPool pool({{"queue", 4, true, &runner}}, engine, slots, metrics,
                  {nullptr, [](const JobPtr&, const Outcome&) {}});
  EXPECT_EQ(pool.Figures(0).idle, 4U);
  std::thread scraper([&] {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(pool.Figures(0).idle, 4U);
  });
  pool.Start();
  scraper.join();
}

TEST_F(WorkerPoolTest, DrainsWhatIsLeftAfterTheEngineWasClosed) {
  FakeRunner runner;
  Start({{"queue", 1, true, &runner}}, 1);
  for (int i = 0; i < 20; ++i) Push();
  engine_->Close();
  EXPECT_TRUE(pool_->WaitDrained(Deadline::After(hours(1))));
  EXPECT_EQ(runner.runs, 20);
  pool_->Join();
  pool_->Join();
}

TEST_F(WorkerPoolTest, GivesUpDrainingAtTheDeadlineAndLeavesOnceTheJobsAreCancelled) {
  Event started;
  FakeRunner runner([&](const QueuedJob& job) {
    started.Set();
    EXPECT_TRUE(Eventually([&] { return job.cancel.Cancelled(); }));
    Outcome outcome;
    outcome.state = JobState::kCancelled;
    return outcome;
  });
  Start({{"queue", 1, true, &runner}}, 1);
  Push();
  Push();
  ASSERT_TRUE(started.Wait());
  engine_->Close();
  EXPECT_FALSE(pool_->WaitDrained(Deadline::After(milliseconds(1))));
  for (const auto& left : engine_->Unfinished()) {
    CancelFor(*engine_, left->id, CancelReason::kShutdown);
  }
  EXPECT_TRUE(pool_->WaitDrained(Deadline::After(hours(1))));
  EXPECT_EQ(engine_->Figures(0).cancelled, 2U);
}

TEST_F(WorkerPoolTest, CountsWhatRanInTheHistogramsAndWhatDidNotInNone) {
  FakeRunner runner;
  Start({{"queue", 1, true, &runner}}, 1);
  auto dropped = MakeJob();
  dropped->cancel.Cancel(CancelReason::kDeleted);
  Push(dropped);
  Push();
  ASSERT_TRUE(finished_.Wait(2));
  const std::string text = metrics_->Serialize();
  EXPECT_NE(text.find("headrace_job_wait_seconds_count{queue=\"queue\"} 1\n"), std::string::npos);
}

// So many jobs of a queue that all run at once, until they are released.
class ResizedPoolTest : public WorkerPoolTest {
 protected:
  void StartWith(std::size_t workers, bool takes_slot = true) {
    Start({{"queue", workers, takes_slot, &runner_}}, 8);
  }
  void Shrink(std::size_t workers) {
    pool_->Shrink({workers},
                  [this](QueueIndex queue, std::size_t count) { engine_->Wake(queue, count); });
  }
  // Until the threads of those that have left are joined.
  bool AwaitWorkers(std::size_t workers) {
    return Eventually([&] {
      pool_->Reap();
      const WorkerFigures now = pool_->Figures(0);
      return now.idle + now.queued + now.busy + now.overdue == workers;
    });
  }
  // Of three workers that all work two are to leave.
  void LeaveAfterTheirJob() {
    for (int i = 0; i < 4; ++i) Push();
    ASSERT_TRUE(AwaitRunning(3));
    Shrink(1);
    pool_->Reap();
    EXPECT_EQ(pool_->Figures(0).busy, 3U);
    release_.Set();
    EXPECT_TRUE(AwaitWorkers(1));
    EXPECT_TRUE(finished_.Wait(4)) << "no job is lost";
  }
  bool AwaitRunning(std::size_t running) {
    return Eventually([&] { return pool_->Figures(0).busy == running; });
  }

  Event release_;
  FakeRunner runner_{[this](const QueuedJob&) {
    EXPECT_TRUE(release_.Wait());
    return Succeeded();
  }};
};

TEST_F(ResizedPoolTest, NewWorkersWorkAtOnce) {
  StartWith(1);
  for (int i = 0; i < 3; ++i) Push();
  ASSERT_TRUE(AwaitRunning(1));
  EXPECT_TRUE(pool_->Grow({3}).ok());
  EXPECT_TRUE(AwaitRunning(3));
  release_.Set();
  EXPECT_TRUE(finished_.Wait(3));
}

TEST_F(ResizedPoolTest, WorkersThatAreTooManyLeaveAfterTheirJob) {
  StartWith(3);
  LeaveAfterTheirJob();
  EXPECT_TRUE(Eventually([&] { return slots_->Figures().busy == 0; }));
}

TEST_F(ResizedPoolTest, WorkersWithoutSlotsLeaveAfterTheirJob) {
  StartWith(3, false);
  LeaveAfterTheirJob();
}

TEST_F(ResizedPoolTest, IdleWorkersLeaveAtOnceAndTheOthersGoOn) {
  StartWith(4);
  Shrink(1);
  EXPECT_TRUE(AwaitWorkers(1));
  release_.Set();
  for (int i = 0; i < 5; ++i) Push();
  EXPECT_TRUE(finished_.Wait(5));
}

TEST_F(ResizedPoolTest, AWorkerThatWasToLeaveStaysWhenItIsWantedAgain) {
  StartWith(3);
  for (int i = 0; i < 3; ++i) Push();
  ASSERT_TRUE(AwaitRunning(3));
  Shrink(1);
  EXPECT_TRUE(pool_->Grow({3}).ok());
  const WorkerFigures now = pool_->Figures(0);
  EXPECT_EQ(now.busy + now.idle, 3U) << "no other was hired";
  release_.Set();
  EXPECT_TRUE(finished_.Wait(3));
  EXPECT_TRUE(Eventually([&] { return pool_->Figures(0).idle == 3; }));
}

TEST_F(ResizedPoolTest, LosesNoJobWhileItGrowsAndShrinks) {
  constexpr int kJobs = 400;
  StartWith(2);
  release_.Set();
  std::thread pusher([&] {
    for (int i = 0; i < kJobs; ++i) {
      EXPECT_TRUE(Eventually([&] { return PushTo(*engine_, MakeJob()) == PushResult::kAccepted; }));
    }
  });
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(pool_->Grow({5}).ok());
    Shrink(1);
    pool_->Reap();
  }
  EXPECT_TRUE(finished_.Wait(kJobs));
  pusher.join();
  EXPECT_TRUE(AwaitWorkers(1));
}

}  // namespace
}  // namespace headrace
