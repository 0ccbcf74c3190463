#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/engine.h"
#include "support/engine_calls.h"
#include "support/event.h"
#include "support/jobs.h"

namespace headrace {

// What every engine promises (engine/engine.h). A new engine gives a factory with
//   static std::unique_ptr<Engine> Make(const std::vector<QueueOptions>& queues);
// and instantiates the suite:  INSTANTIATE_TYPED_TEST_SUITE_P(Redis, EngineContract, RedisFactory);
template <class Factory>
class EngineContract : public testing::Test {
 protected:
  // Queue 0: one runs, two wait. Queue 1: two run, none waits.
  EngineContract() : engine(Factory::Make({{"small", 1, 2}, {"direct", 2, 0}})) {}

  JobPtr Push(QueueIndex queue = 0, std::size_t bytes = 0) {
    auto job = MakeJob(queue, bytes);
    EXPECT_EQ(PushTo(*engine, job), PushResult::kAccepted);
    return job;
  }
  JobPtr Claim(QueueIndex queue = 0) {
    auto job = engine->Claim(queue);
    return job ? *job : nullptr;
  }
  static std::uint64_t Sum(const QueueFigures& f) {
    return f.succeeded + f.failed + f.cancelled + f.expired + f.waiting + f.running;
  }

  std::unique_ptr<Engine> engine;
};

TYPED_TEST_SUITE_P(EngineContract);

TYPED_TEST_P(EngineContract, ClaimsJobsInTheOrderInWhichTheyWerePushed) {
  const auto first = this->Push();
  const auto second = this->Push();
  EXPECT_EQ(this->Claim()->id, first->id);
  EXPECT_EQ(this->Claim()->id, second->id);
  EXPECT_EQ(this->engine->Claim(0), std::nullopt);
}

TYPED_TEST_P(EngineContract, HoldsWorkersPlusCapacityJobsWhoeverHasClaimedThem) {
  for (int i = 0; i < 3; ++i) this->Push();
  EXPECT_EQ(PushTo(*this->engine, MakeJob()), PushResult::kFull);
  const auto job = this->Claim();
  EXPECT_EQ(PushTo(*this->engine, MakeJob()), PushResult::kFull);
  EXPECT_TRUE(FinishAs(*this->engine, job->id, job->attempt, JobState::kSucceeded));
  EXPECT_EQ(PushTo(*this->engine, MakeJob()), PushResult::kAccepted);
}

TYPED_TEST_P(EngineContract, KeepsQueuesApart) {
  for (int i = 0; i < 3; ++i) this->Push(0);
  const auto other = this->Push(1);
  EXPECT_EQ(this->Claim(1)->id, other->id);
  EXPECT_EQ(this->engine->Figures(0).waiting, 3U);
  EXPECT_EQ(this->engine->Figures(1).running, 1U);
}

TYPED_TEST_P(EngineContract, FinishesAJobOnce) {
  const auto job = this->Push();
  EXPECT_FALSE(FinishAs(*this->engine, job->id, job->attempt, JobState::kSucceeded));
  this->Claim();
  EXPECT_TRUE(FinishAs(*this->engine, job->id, job->attempt, JobState::kSucceeded));
  EXPECT_FALSE(FinishAs(*this->engine, job->id, job->attempt, JobState::kFailed));
  EXPECT_EQ(this->engine->Figures(0).failed, 0U);
}

TYPED_TEST_P(EngineContract, RefusesTheLateFinishOfAnotherAttempt) {
  const auto job = this->Push();
  this->Claim();
  EXPECT_FALSE(FinishAs(*this->engine, job->id, job->attempt + 1, JobState::kSucceeded));
  EXPECT_FALSE(this->engine->Release(job->id, job->attempt + 1));
  EXPECT_EQ(this->engine->Figures(0).running, 1U);
}

TYPED_TEST_P(EngineContract, GivesAReleasedJobOutAgainBeforeAllOthers) {
  const auto first = this->Push();
  this->Push();
  this->Claim();
  EXPECT_TRUE(this->engine->Release(first->id, first->attempt));
  const auto again = this->Claim();
  EXPECT_EQ(again->id, first->id);
  EXPECT_EQ(again->attempt, first->attempt);
}

TYPED_TEST_P(EngineContract, CancelsAWaitingJobInPlaceAndFreesItsPlace) {
  for (int i = 0; i < 2; ++i) this->Push();
  const auto job = this->Push();
  EXPECT_EQ(CancelFor(*this->engine, job->id, CancelReason::kDeleted), CancelResult::kRemoved);
  EXPECT_EQ(job->cancel.reason(), CancelReason::kDeleted);
  EXPECT_EQ(PushTo(*this->engine, MakeJob()), PushResult::kAccepted);
  EXPECT_EQ(this->engine->Figures(0).cancelled, 1U);
}

TYPED_TEST_P(EngineContract, CountsAWaitingJobWhoseDeadlinePassedAsExpired) {
  const auto job = this->Push();
  EXPECT_EQ(CancelFor(*this->engine, job->id, CancelReason::kDeadline), CancelResult::kRemoved);
  EXPECT_EQ(this->engine->Figures(0).expired, 1U);
  EXPECT_EQ(this->engine->Figures(0).cancelled, 0U);
}

TYPED_TEST_P(EngineContract, SignalsARunningJobWhichThenFinishesByItself) {
  const auto job = this->Push();
  this->Claim();
  EXPECT_EQ(CancelFor(*this->engine, job->id, CancelReason::kDisconnected),
            CancelResult::kSignalled);
  EXPECT_TRUE(job->cancel.Cancelled());
  EXPECT_EQ(this->engine->Figures(0).running, 1U);
  EXPECT_TRUE(FinishAs(*this->engine, job->id, job->attempt, JobState::kCancelled));
  EXPECT_EQ(this->engine->Figures(0).cancelled, 1U);
}

TYPED_TEST_P(EngineContract, KnowsNothingOfJobsThatAreUnknownOrOver) {
  const auto job = this->Push();
  this->Claim();
  FinishAs(*this->engine, job->id, job->attempt, JobState::kFailed);
  for (const std::string& id :
       {job->id, NewJobId(0), NewJobId(1000), std::string(), std::string("no id")}) {
    EXPECT_FALSE(StatusIn(*this->engine, id));
    EXPECT_EQ(CancelFor(*this->engine, id, CancelReason::kDeleted), CancelResult::kUnknown);
    EXPECT_FALSE(FinishAs(*this->engine, id, 1, JobState::kSucceeded));
    EXPECT_FALSE(this->engine->Release(id, 1));
  }
}

TYPED_TEST_P(EngineContract, TellsTheStateOfAnUnfinishedJob) {
  const auto job = this->Push();
  EXPECT_EQ(StatusIn(*this->engine, job->id)->record.state, JobState::kWaiting);
  this->Claim();
  EXPECT_EQ(StatusIn(*this->engine, job->id)->record.state, JobState::kRunning);
  EXPECT_EQ(StatusIn(*this->engine, job->id)->record.job.id, job->id);
}

TYPED_TEST_P(EngineContract, CountsEveryOutcomeAndWeighsWhatWaits) {
  this->Push(0, 100);
  this->Push(0, 50);
  auto figures = this->engine->Figures(0);
  EXPECT_EQ(figures.waiting_bytes, 150U);
  EXPECT_EQ(figures.capacity, 2U);
  for (const JobState state : {JobState::kSucceeded, JobState::kFailed}) {
    const auto job = this->Claim();
    FinishAs(*this->engine, job->id, job->attempt, state);
  }
  figures = this->engine->Figures(0);
  EXPECT_EQ(figures.succeeded, 1U);
  EXPECT_EQ(figures.failed, 1U);
  EXPECT_EQ(figures.accepted, 2U);
  EXPECT_EQ(figures.waiting_bytes, 0U);
}

TYPED_TEST_P(EngineContract, ListsWhatIsUnfinishedInAllQueues) {
  this->Push(0);
  this->Push(1);
  this->Claim(1);
  EXPECT_EQ(this->engine->Unfinished().size(), 2U);
}

TYPED_TEST_P(EngineContract, RefusesPushesAfterCloseAndDrainsTheRest) {
  const auto job = this->Push();
  this->engine->Close();
  this->engine->Close();
  EXPECT_EQ(PushTo(*this->engine, MakeJob()), PushResult::kClosed);
  EXPECT_TRUE(this->engine->WaitForWork(0));
  EXPECT_EQ(this->Claim()->id, job->id);
  EXPECT_FALSE(this->engine->WaitForWork(0));
}

TYPED_TEST_P(EngineContract, WakesAWorkerThatWaitsForAPush) {
  Event woken;
  std::thread worker([&] {
    if (this->engine->WaitForWork(0)) woken.Set();
  });
  this->Push();
  EXPECT_TRUE(woken.Wait());
  worker.join();
}

TYPED_TEST_P(EngineContract, IsExactAtEveryInstantUnderConcurrentUse) {
  std::atomic<bool> wrong{false};
  std::vector<std::thread> workers;
  for (int w = 0; w < 2; ++w) {
    workers.emplace_back([&] {
      while (this->engine->WaitForWork(1)) {
        const auto job = this->engine->Claim(1);
        if (job && !FinishAs(*this->engine, (*job)->id, (*job)->attempt, JobState::kSucceeded)) {
          wrong = true;
        }
      }
    });
  }
  std::thread scraper([&] {
    for (int i = 0; i < 1000; ++i) {
      const auto figures = this->engine->Figures(1);
      if (figures.accepted != this->Sum(figures)) wrong = true;
    }
  });
  std::uint64_t accepted = 0;
  for (int i = 0; i < 3000; ++i) {
    const auto job = MakeJob(1);
    if (PushTo(*this->engine, job) != PushResult::kAccepted) continue;
    ++accepted;
    if (i % 5 == 0) CancelFor(*this->engine, job->id, CancelReason::kDisconnected);
  }
  scraper.join();
  this->engine->Close();
  for (auto& worker : workers) worker.join();
  const auto figures = this->engine->Figures(1);
  EXPECT_FALSE(wrong);
  EXPECT_EQ(figures.accepted, accepted);
  EXPECT_EQ(figures.succeeded + figures.cancelled, accepted);
}

REGISTER_TYPED_TEST_SUITE_P(EngineContract, ClaimsJobsInTheOrderInWhichTheyWerePushed,
                            HoldsWorkersPlusCapacityJobsWhoeverHasClaimedThem, KeepsQueuesApart,
                            FinishesAJobOnce, RefusesTheLateFinishOfAnotherAttempt,
                            GivesAReleasedJobOutAgainBeforeAllOthers,
                            CancelsAWaitingJobInPlaceAndFreesItsPlace,
                            CountsAWaitingJobWhoseDeadlinePassedAsExpired,
                            SignalsARunningJobWhichThenFinishesByItself,
                            KnowsNothingOfJobsThatAreUnknownOrOver, TellsTheStateOfAnUnfinishedJob,
                            CountsEveryOutcomeAndWeighsWhatWaits, ListsWhatIsUnfinishedInAllQueues,
                            RefusesPushesAfterCloseAndDrainsTheRest, WakesAWorkerThatWaitsForAPush,
                            IsExactAtEveryInstantUnderConcurrentUse);

}  // namespace headrace
