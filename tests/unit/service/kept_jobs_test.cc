// Jobs that outlive their clients: who is told, what is tried again, what ends them.
#include <chrono>
#include <string>

#include "service_fixture.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class KeptJobs : public AdmissionFixture {
 protected:
  class Patient final : public Waiter {
   public:
    void Deliver(const std::string&, Outcome outcome) override {
      state = outcome.state;
      told.Set();
    }
    void GoesOn(JobStatus status) override {
      state = status.record.state;
      acknowledged = true;
      told.Set();
    }
    Event told;
    JobState state = JobState::kFailed;
    bool acknowledged = false;
  };

  std::shared_ptr<Patient> Keep(milliseconds wait, std::string* id = nullptr) {
    Submission submission;
    submission.wait = wait;
    auto waiter = std::make_shared<Patient>();
    auto sent = Send(std::move(submission), waiter);
    EXPECT_TRUE(sent.ok());
    if (id != nullptr) *id = *sent;
    return waiter;
  }
  JobStatus StatusNow(const std::string& id) {
    JobStatus told;
    service_->GetStatus({id}, PartBytes::OfAll(), [&](Expected<JobStatus> status) {
      ASSERT_TRUE(status.ok());
      told = *std::move(status);
    });
    return told;
  }
  static Outcome Crash() {
    Outcome outcome;
    outcome.error = Error{ErrorCode::kHandlerCrashed, "executor-crashed", "it crashed", "", 0};
    return outcome;
  }
};

TEST_F(KeptJobs, AreAcknowledgedAtOnceWhereNobodyWaits) {
  std::string id;
  const auto waiter = Keep(milliseconds(0), &id);
  ASSERT_TRUE(waiter->told.Wait());
  EXPECT_TRUE(waiter->acknowledged);
  Finish(*Claim(), Success("kept"));
  const JobStatus status = StatusNow(id);
  EXPECT_EQ(status.record.state, JobState::kSucceeded);
  EXPECT_EQ(status.record.end->outcome.parts.at(0).bytes.size(), 4U);
}

TEST_F(KeptJobs, AreAcknowledgedWhenTheTimeOfWaitingIsOver) {
  const auto waiter = Keep(milliseconds(10));
  ASSERT_TRUE(waiter->told.Wait());
  EXPECT_TRUE(waiter->acknowledged);
  EXPECT_EQ(service_->Figures(0).waiting, 1U);
}

TEST_F(KeptJobs, GoOnWhenTheirClientGoesOnceTheyAreAcknowledged) {
  std::string id;
  const auto waiter = Keep(milliseconds(0), &id);
  ASSERT_TRUE(waiter->told.Wait());
  service_->Abandon(id, *waiter);
  EXPECT_EQ(service_->Figures(0).waiting, 1U);
}

TEST_F(KeptJobs, EndWithTheirClientBefore) {
  std::string id;
  const auto waiter = Keep(seconds(60), &id);
  service_->Abandon(id, *waiter);
  EXPECT_EQ(service_->Figures(0).cancelled, 1U);
  EXPECT_EQ(StatusNow(id).record.state, JobState::kCancelled);
}

TEST_F(KeptJobs, AreTriedAgainAfterACrashUpToTheLimit) {
  queue_.options.max_attempts = 2;
  queue_.retries.delay = milliseconds(1);
  Build();
  std::string id;
  Keep(milliseconds(0), &id);
  Finish(*Claim(), Crash());
  EXPECT_EQ(service_->Figures(0).waiting, 1U);
  EXPECT_EQ(StatusNow(id).record.job.last_error->type, "executor-crashed");
  ASSERT_TRUE(engine_->WaitForWork(0));
  const JobPtr again = Claim();
  EXPECT_EQ(again->attempt, 2U);
  Finish(*again, Crash());
  const JobStatus status = StatusNow(id);
  EXPECT_EQ(status.record.state, JobState::kFailed);
  EXPECT_EQ(status.record.job.attempt, 2U);
  EXPECT_EQ(status.record.end->outcome.error->type, "executor-crashed");
  EXPECT_EQ(service_->Figures(0).accepted, 1U);
}

TEST_F(KeptJobs, AreNotTriedAgainForWhatWouldFailAgain) {
  std::string id;
  Keep(milliseconds(0), &id);
  Outcome bad;
  bad.error = Error{ErrorCode::kUnprocessable, "not-a-pdf", "no PDF", "", 0};
  Finish(*Claim(), std::move(bad));
  EXPECT_EQ(StatusNow(id).record.state, JobState::kFailed);
}

TEST_F(KeptJobs, AreNotTriedAgainAfterADelete) {
  std::string id;
  Keep(milliseconds(0), &id);
  const JobPtr job = Claim();
  EXPECT_TRUE(Delete(id).ok());
  Finish(*job, Crash());
  EXPECT_EQ(StatusNow(id).record.state, JobState::kCancelled);
}

TEST_F(KeptJobs, StayCancelledWhenTheyWereDoneAllTheSame) {
  std::string id;
  Keep(milliseconds(0), &id);
  const JobPtr job = Claim();
  EXPECT_TRUE(Delete(id).ok());
  Finish(*job, Success());
  EXPECT_EQ(StatusNow(id).record.state, JobState::kCancelled) << "as its client was told";
}

TEST_F(KeptJobs, FailByTheTimeOfARunAndExpireByTheirOwn) {
  queue_.options.run_timeout = milliseconds(1);
  Build();
  std::string id;
  Keep(milliseconds(0), &id);
  const JobPtr job = Claim();
  EXPECT_LT(job->deadline, job->expires);
  Outcome late;
  late.state = JobState::kExpired;
  Finish(*job, std::move(late));
  const JobStatus status = StatusNow(id);
  EXPECT_EQ(status.record.state, JobState::kFailed);
  EXPECT_EQ(status.record.end->outcome.error->type, "run-timeout");
}

TEST_F(KeptJobs, LiveNoLongerThanTheirQueueLetsThemWhateverTheirClientAsksFor) {
  queue_.async_deadline = std::chrono::minutes(1);
  Build();
  Submission submission;
  submission.wait = milliseconds(0);
  submission.request_timeout = std::chrono::hours(24);
  ASSERT_TRUE(Send(std::move(submission), std::make_shared<FakeWaiter>()));
  EXPECT_LE(Claim()->expires.time(), SteadyClock::now() + std::chrono::minutes(1));
}

TEST_F(KeptJobs, ExpireWhileTheyWaitAndTellThoseWhoWatch) {
  struct Watcher final : JobWatcher {
    void OnStatus(const std::shared_ptr<const JobStatus>& status) override {
      if (status->record.state == JobState::kExpired) expired.Set();
    }
    void OnGone() override {}
    Event expired;
  };
  queue_.async_deadline = milliseconds(50);
  Build();
  std::string id;
  Keep(milliseconds(0), &id);
  const auto watcher = std::make_shared<Watcher>();
  service_->Watch({id}, watcher);
  EXPECT_TRUE(watcher->expired.Wait());
  EXPECT_EQ(service_->Figures(0).expired, 1U);
}

TEST_F(KeptJobs, AreForgottenWhenTheirTimeIsOver) {
  queue_.options.result_ttl = milliseconds(1);
  Build();
  std::string id;
  Keep(milliseconds(0), &id);
  Finish(*Claim(), Success());
  EXPECT_TRUE(Eventually([&] {
    ErrorCode code = ErrorCode::kInternal;
    service_->GetStatus({id}, PartBytes::None(), [&](const Expected<JobStatus>& status) {
      if (!status) code = status.error().code;
    });
    return code == ErrorCode::kGone;
  }));
}

TEST_F(KeptJobs, OfTheProcessAreCutAtShutdown) {
  Keep(milliseconds(0));
  engine_->Close();
  EXPECT_EQ(service_->CancelAll(), 1U);
  EXPECT_EQ(service_->Figures(0).cancelled, 1U);
}

TEST_F(KeptJobs, AreRefusedWhileOthersHoldHalfOfTheBudgetAndTheRestGoesOn) {
  ledger_ = std::make_unique<Ledger>(10'000);
  Build();
  auto held = ledger_->TryCharge(MemoryUse::kResults, 6'000);
  ASSERT_TRUE(held);
  Intake intake{10, ""};
  EXPECT_TRUE(service_->Precheck(0, intake).ok());
  intake.kept = true;
  const auto refused = service_->Precheck(0, intake);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().type, "results");
  EXPECT_GT(refused.error().retry_after, 0);
  EXPECT_TRUE(Counted("results", 1));
  held->Free();
  EXPECT_TRUE(service_->Precheck(0, intake).ok());
}

TEST(RetryPolicy, KnowsWhatMayGoBetterTheNextTime) {
  const auto failed = [](ErrorCode code, const char* type) {
    Outcome outcome;
    outcome.error = Error{code, type, "", "", 0};
    return outcome;
  };
  RetryPolicy policy;
  EXPECT_TRUE(WorthRetry(policy, failed(ErrorCode::kHandlerCrashed, "executor-crashed")));
  EXPECT_TRUE(WorthRetry(policy, failed(ErrorCode::kUnavailable, "exit-code")));
  EXPECT_FALSE(WorthRetry(policy, failed(ErrorCode::kHandlerCrashed, "upstream-failed")));
  EXPECT_FALSE(WorthRetry(policy, failed(ErrorCode::kHandlerCrashed, "result-too-large")));
  EXPECT_FALSE(WorthRetry(policy, failed(ErrorCode::kUnprocessable, "not-a-pdf")));
  policy.upstream = true;
  policy.crash = policy.unavailable = false;
  EXPECT_TRUE(WorthRetry(policy, failed(ErrorCode::kHandlerCrashed, "upstream-unreachable")));
  EXPECT_FALSE(WorthRetry(policy, failed(ErrorCode::kHandlerCrashed, "executor-crashed")));
  EXPECT_FALSE(WorthRetry(policy, failed(ErrorCode::kUnavailable, "exit-code")));
  Outcome good;
  good.state = JobState::kSucceeded;
  EXPECT_FALSE(WorthRetry(policy, good));
}

TEST(RetryPolicy, WaitsTwiceAsLongEachTimeUpToAMost) {
  RetryPolicy policy;
  policy.delay = milliseconds(100);
  policy.max_delay = milliseconds(1000);
  EXPECT_EQ(RetryDelay(policy, 1, 0), milliseconds(100));
  EXPECT_EQ(RetryDelay(policy, 2, 0), milliseconds(200));
  EXPECT_EQ(RetryDelay(policy, 2, 0.5), milliseconds(220));
  EXPECT_EQ(RetryDelay(policy, 30, 0), milliseconds(1000));
  EXPECT_EQ(RetryDelay(policy, 3'000, 0), milliseconds(1000));
}

}  // namespace
}  // namespace headrace
