#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "service_fixture.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;

// Answers what it is asked when it is told to, as one whose store has a thread of its own.
class LateEngine final : public LocalEngine {
 public:
  explicit LateEngine(const QueueOptions& queue)
      : LocalEngine({{queue}}, std::make_unique<MemoryStore>(nullptr)) {}

  void Get(std::string_view /*id*/, const PartBytes& /*bytes*/, Found found) override {
    {
      const MutexLock lock(mu_);
      found_ = std::move(found);
    }
    asked_.Set();
  }
  void Answer(JobStatus status) {
    Found found;
    {
      const MutexLock lock(mu_);
      found = std::move(found_);
    }
    found(std::optional(std::move(status)));
  }
  [[nodiscard]] bool Asked() { return asked_.Wait(); }

 private:
  Event asked_;
  Mutex mu_;
  Found found_ GUARDED_BY(mu_);
};

// Does something else just before it cancels a job, or right after that.
class BusyEngine final : public LocalEngine {
 public:
  explicit BusyEngine(const QueueOptions& queue)
      : LocalEngine({{queue}}, std::make_unique<MemoryStore>(nullptr)) {}

  void Cancel(std::string_view id, CancelReason reason, const Outcome& outcome,
              Cancelled done) override {
    if (before_cancel) std::exchange(before_cancel, nullptr)();
    LocalEngine::Cancel(id, reason, outcome, std::move(done));
  }
  void Push(JobPtr job, Pushed done) override {
    LocalEngine::Push(std::move(job), [this, done = std::move(done)](const PushAnswer& answer) {
      if (after_push) std::exchange(after_push, nullptr)();
      done(answer);
    });
  }

  std::function<void()> before_cancel;
  std::function<void()> after_push;
};

// How jobs end, and that each client hears of it once.
class JobEnd : public AdmissionFixture {
 protected:
  BusyEngine& BuildBusy() {
    auto made = std::make_unique<BusyEngine>(queue_.options);
    BusyEngine& engine = *made;
    Build(std::move(made));
    return engine;
  }
  // A job that others with the same key join.
  void SendWithKey(const std::shared_ptr<Waiter>& waiter, JobService::Submitted done) {
    Submission submission;
    submission.idempotency = IdempotencyKey{"key", {}};
    service_->Submit(std::move(submission), waiter, std::move(done));
  }
};

TEST_F(JobEnd, IsDeliveredToTheOneWhoWaits) {
  const auto waiter = std::make_shared<FakeWaiter>();
  const auto id = Submit(waiter);
  Finish(*Claim(), Success());
  EXPECT_EQ(waiter->Count(), 1);
  EXPECT_EQ(waiter->id(), *id);
  EXPECT_EQ(waiter->outcome().state, JobState::kSucceeded);
  EXPECT_EQ(waiter->outcome().parts.size(), 1U);
}

TEST_F(JobEnd, LetsGoOfTheWaiter) {
  auto waiter = std::make_shared<FakeWaiter>();
  const std::weak_ptr<FakeWaiter> watch = waiter;
  ASSERT_TRUE(Submit(waiter).ok());
  Finish(*Claim(), Success());
  waiter.reset();
  EXPECT_TRUE(watch.expired());
}

TEST_F(JobEnd, ComesAtTheDeadlineForAJobThatWaitsWhichThenNeverRuns) {
  deadline_ = milliseconds(10);
  Build();
  const auto waiter = std::make_shared<FakeWaiter>();
  const auto id = Submit(waiter);
  ASSERT_TRUE(waiter->Wait());
  EXPECT_EQ(waiter->outcome().state, JobState::kExpired);
  EXPECT_EQ(waiter->outcome().error->code, ErrorCode::kDeadlineExceeded);
  EXPECT_GT(waiter->outcome().timings.wait.count(), 0);  // from the end of its upload on
  EXPECT_EQ(engine_->Claim(0), std::nullopt);
  EXPECT_EQ(service_->Figures(0).expired, 1U);
}

TEST_F(JobEnd, ComesAtTheDeadlineForAJobThatRunsBeforeItsWorkerIsBack) {
  deadline_ = milliseconds(100);
  Build();
  const auto waiter = std::make_shared<FakeWaiter>();
  ASSERT_TRUE(Submit(waiter).ok());
  const auto job = engine_->Claim(0);
  if (!job) GTEST_SKIP() << "the deadline was faster than the claim";
  ASSERT_TRUE(waiter->Wait());
  EXPECT_EQ(waiter->outcome().state, JobState::kExpired);
  EXPECT_TRUE(Eventually([&] { return (*job)->cancel.reason() == CancelReason::kDeadline; }));
  Outcome late;
  late.state = JobState::kExpired;
  Finish(**job, late);
  EXPECT_EQ(waiter->Count(), 1);
}

TEST_F(JobEnd, AtTheDeadlineTellsTheWaitThatTheEngineKnowsHoweverLateItSays) {
  deadline_ = milliseconds(10);
  for (const auto& [ago, least] : {std::pair{SteadyClock::now() - std::chrono::hours(1), 3600.0},
                                   std::pair{SteadyTime::min(), 0.0}}) {
    auto made = std::make_unique<LateEngine>(queue_.options);
    LateEngine& engine = *made;
    Build(std::move(made));
    const auto waiter = std::make_shared<FakeWaiter>();
    ASSERT_TRUE(Submit(waiter).ok());
    ASSERT_TRUE(engine.Asked());
    JobStatus status;
    status.record.state = JobState::kWaiting;
    status.accepted_at = ago;
    engine.Answer(std::move(status));
    ASSERT_TRUE(waiter->Wait());
    EXPECT_EQ(waiter->outcome().state, JobState::kExpired);
    EXPECT_GE(waiter->outcome().timings.wait.count(), least);
    EXPECT_LT(waiter->outcome().timings.wait.count(), least + 60);
    EXPECT_EQ(engine.Claim(0), std::nullopt);
  }
}

TEST_F(JobEnd, ByDeleteFreesThePlaceOfAWaitingJobAndTellsItsWaiter409) {
  const auto waiter = std::make_shared<FakeWaiter>();
  const auto id = Submit(waiter);
  const auto status = Delete(*id);
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->record.state, JobState::kCancelled);
  EXPECT_EQ(status->record.job.id, *id);
  EXPECT_EQ(waiter->Count(), 1);
  EXPECT_EQ(waiter->outcome().error->code, ErrorCode::kConflict);
  EXPECT_EQ(waiter->outcome().error->type, "cancelled");
  EXPECT_EQ(service_->Figures(0).waiting, 0U);
}

TEST_F(JobEnd, ByDeleteSignalsAJobThatRunsAndAnswersItsWaiterAtOnce) {
  const auto waiter = std::make_shared<FakeWaiter>();
  const auto id = Submit(waiter);
  const JobPtr job = Claim();
  ASSERT_TRUE(Delete(*id).ok());
  EXPECT_EQ(job->cancel.reason(), CancelReason::kDeleted);
  EXPECT_EQ(waiter->Count(), 1);
  EXPECT_TRUE(Delete(*id).ok());  // idempotent while it is there
  Finish(*job, Success());
  EXPECT_EQ(waiter->Count(), 1);
  EXPECT_FALSE(Delete(*id).ok());
}

TEST_F(JobEnd, ByDeleteIsNotFoundForAnIdThatIsUnknown) {
  for (const char* id : {"", "no-such-job", "00000000000000000000000000000000"}) {
    const auto status = Delete(id);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::kNotFound);
  }
}

// A client that has lost its connection and comes again with its key, however soon.
TEST_F(JobEnd, ForWantOfClientsIsNotToldToOneWhoComesMeanwhileWithTheSameKey) {
  queue_.options.capacity = 3;
  for (const bool runs : {false, true}) {
    for (const bool before : {false, true}) {
      BusyEngine& engine = BuildBusy();
      std::string id;
      const auto send = [&](const std::shared_ptr<Waiter>& waiter) {
        SendWithKey(waiter, [&](const Expected<std::string>& told) { id = *told; });
      };
      const auto first = std::make_shared<FakeWaiter>();
      const auto second = std::make_shared<FakeWaiter>();
      send(first);
      const std::string first_id = id;
      const JobPtr running = runs ? Claim() : nullptr;
      const auto leave = [&] { service_->Abandon(first_id, *first); };
      if (before) {
        engine.before_cancel = [&] { send(second); };
        leave();
      } else {
        engine.after_push = leave;
        send(second);
      }
      EXPECT_NE(id, first_id);
      EXPECT_EQ(second->Count(), 0);
      Outcome unwanted;
      unwanted.state = JobState::kCancelled;
      if (runs) Finish(*running, unwanted);
      const auto job = engine.Claim(0);
      ASSERT_TRUE(job) << runs << before;
      EXPECT_EQ((*job)->id, id);
      Finish(**job, Success());
      EXPECT_EQ(second->Count(), 1);
      EXPECT_EQ(second->outcome().state, JobState::kSucceeded);
      EXPECT_EQ(first->Count(), 0);
    }
  }
}

// Its waiters are told before it is cancelled, and its key is held until then.
TEST_F(JobEnd, ByDeleteIsNotTheEndOfOneWhoComesMeanwhileWithTheSameKey) {
  queue_.options.capacity = 3;
  for (const bool runs : {false, true}) {
    BusyEngine& engine = BuildBusy();
    std::string id;
    const auto send = [&](const std::shared_ptr<Waiter>& waiter) {
      SendWithKey(waiter, [&](const Expected<std::string>& told) { id = *told; });
    };
    const auto first = std::make_shared<FakeWaiter>();
    const auto second = std::make_shared<FakeWaiter>();
    send(first);
    const JobPtr running = runs ? Claim() : nullptr;
    engine.before_cancel = [&] { send(second); };
    EXPECT_TRUE(Delete(id).ok());
    EXPECT_EQ(first->Count(), 1);
    if (runs) Finish(*running, Success());
    EXPECT_EQ(second->Count(), 0) << runs;
    const auto job = engine.Claim(0);
    ASSERT_TRUE(job) << runs;
    EXPECT_EQ((*job)->id, id);
    Finish(**job, Success());
    EXPECT_EQ(second->Count(), 1);
    EXPECT_EQ(second->outcome().state, JobState::kSucceeded);
  }
}

TEST_F(JobEnd, AtShutdownIsA503ForOneWhoComesMeanwhileWithTheSameKeyToo) {
  BusyEngine& engine = BuildBusy();
  std::vector<Expected<std::string>> told;
  const auto send = [&] {
    SendWithKey(std::make_shared<FakeWaiter>(),
                [&](Expected<std::string> id) { told.push_back(std::move(id)); });
  };
  send();
  engine.before_cancel = send;
  engine.Close();
  service_->CancelAll();
  ASSERT_EQ(told.size(), 3U) << "the first job's, the same, and no other one";
  ASSERT_FALSE(told.back().ok());
  EXPECT_EQ(told.back().error().code, ErrorCode::kUnavailable);
}

TEST_F(JobEnd, OfAJobWhoseClientIsGoneIsToldToNobody) {
  const auto waiting = std::make_shared<FakeWaiter>();
  const auto running = std::make_shared<FakeWaiter>();
  const auto first = Submit(running);
  const JobPtr job = Claim();
  const auto second = Submit(waiting);
  service_->Abandon(*first, *running);
  service_->Abandon(*second, *waiting);
  service_->Abandon(*second, *waiting);
  EXPECT_EQ(job->cancel.reason(), CancelReason::kDisconnected);
  EXPECT_EQ(service_->Figures(0).waiting, 0U);
  EXPECT_EQ(service_->Figures(0).cancelled, 1U);
  Finish(*job, Success());
  EXPECT_EQ(running->Count() + waiting->Count(), 0);
}

TEST_F(JobEnd, AtShutdownIsA503ForAllThatAreLeftAndCounted) {
  const auto first = std::make_shared<FakeWaiter>();
  const auto second = std::make_shared<FakeWaiter>();
  ASSERT_TRUE(Submit(first).ok());
  const JobPtr job = Claim();
  ASSERT_TRUE(Submit(second).ok());
  engine_->Close();
  EXPECT_EQ(service_->CancelAll(), 2U);
  for (const auto& waiter : {first, second}) {
    EXPECT_EQ(waiter->Count(), 1);
    EXPECT_EQ(waiter->outcome().error->code, ErrorCode::kUnavailable);
    EXPECT_GT(waiter->outcome().error->retry_after, 0);
  }
  EXPECT_EQ(job->cancel.reason(), CancelReason::kShutdown);
  EXPECT_EQ(service_->CancelAll(), 0U);  // nobody is cut twice
}

TEST_F(JobEnd, IsPrecededByPiecesThatAreChargedUntilTheyAreGone) {
  ledger_ = std::make_unique<Ledger>(1000);
  Build();
  const auto waiter = std::make_shared<FakeWaiter>();
  Submission submission;
  submission.wants_pieces = [](std::string_view media_type) { return media_type == "text/plain"; };
  ASSERT_TRUE(Send(std::move(submission), waiter).ok());
  const JobPtr job = Claim();
  EXPECT_FALSE(job->on_part) << "parts are wanted with the outcome";
  ASSERT_TRUE(job->pieces.wants);
  EXPECT_TRUE(job->pieces.wants("text/plain"));
  EXPECT_FALSE(job->pieces.wants("image/png"));
  for (const char* const text : {"one", "two"}) {
    job->pieces.take({"result", "text/plain", Payload::FromString(text), 0});
  }
  Outcome end;
  end.state = JobState::kSucceeded;
  Finish(*job, std::move(end));
  ASSERT_TRUE(waiter->Wait());
  EXPECT_EQ(ledger_->Used(MemoryUse::kResults), 6U);
  EXPECT_EQ(waiter->TakeParts().size(), 2U);
  EXPECT_EQ(ledger_->Used(MemoryUse::kResults), 0U);
}

TEST_F(JobEnd, TeachesTheDrainRate) {
  EXPECT_DOUBLE_EQ(service_->DrainRate(0), 0.1);  // one worker, 10 s expected
  for (int i = 0; i < 3; ++i) {
    if (i == 0) Fill();
    Finish(*Claim(), Success());
    ASSERT_TRUE(Submit(std::make_shared<FakeWaiter>()).ok());
  }
  EXPECT_GT(service_->DrainRate(0), 0.1);
}

TEST_F(JobEnd, IsHeardByNobodyTwiceWhateverComesAtOnce) {
  for (int round = 0; round < 300; ++round) {
    const auto waiter = std::make_shared<FakeWaiter>();
    const auto id = Submit(waiter);
    ASSERT_TRUE(id.ok());
    const JobPtr job = Claim();
    std::vector<std::thread> threads;
    threads.emplace_back([&] { Finish(*job, Success()); });
    threads.emplace_back([&] { (void)Delete(*id); });
    if (round % 2 == 0) threads.emplace_back([&] { service_->Abandon(*id, *waiter); });
    if (round % 3 == 0) threads.emplace_back([&] { service_->CancelAll(); });
    for (auto& thread : threads) thread.join();
    if (round % 2 == 0) {
      EXPECT_LE(waiter->Count(), 1);
    } else {
      EXPECT_EQ(waiter->Count(), 1);
    }
  }
  EXPECT_EQ(service_->Figures(0).running, 0U);
}

// The worker may be faster than Submit: nothing may be left behind by either order.
TEST_F(JobEnd, MayComeBeforeSubmitReturns) {
  std::thread worker([&] {
    while (engine_->WaitForWork(0)) {
      if (const auto job = engine_->Claim(0)) Finish(**job, Success());
    }
  });
  for (int i = 0; i < 2000; ++i) {
    const auto waiter = std::make_shared<FakeWaiter>();
    if (!Submit(waiter).ok()) continue;
    ASSERT_TRUE(waiter->Wait());
    EXPECT_EQ(waiter->outcome().state, JobState::kSucceeded);
  }
  engine_->Close();
  worker.join();
}

}  // namespace
}  // namespace headrace
