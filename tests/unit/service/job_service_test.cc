#include "service/job_service.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "service_fixture.h"

namespace headrace {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Who comes in, and who is told what instead.
class Admission : public AdmissionFixture {};

TEST_F(Admission, FindsQueuesByTheirNames) {
  EXPECT_EQ(service_->FindQueue("queue"), 0U);
  EXPECT_EQ(service_->FindQueue("Queue"), std::nullopt);
  EXPECT_EQ(service_->FindQueue(""), std::nullopt);
}

TEST_F(Admission, PushesAJobWithItsPayloadParamsAndDeadline) {
  const auto id = Submit(std::make_shared<FakeWaiter>(), {{"dpi", "0150"}}, "body");
  ASSERT_TRUE(id.ok());
  const JobPtr job = Claim();
  EXPECT_EQ(job->id, *id);
  EXPECT_EQ(job->queue_name, "queue");
  EXPECT_EQ(job->payload.size(), 4U);
  EXPECT_EQ(job->params.at("dpi"), "150");
  EXPECT_LE(job->deadline.time() - job->accepted_at, deadline_);
  EXPECT_EQ(job->attempt, 1U);
}

TEST_F(Admission, CountsTheDeadlineFromTheRequestsBeginSoThatItCoversTheUpload) {
  Submission submission;
  const SteadyTime started = SteadyClock::now() - seconds(5);
  submission.started = started;
  ASSERT_TRUE(Send(std::move(submission), std::make_shared<FakeWaiter>()).ok());
  EXPECT_EQ(Claim()->deadline.time(), started + deadline_);
  EXPECT_EQ(service_->DeadlineOf(0, started, seconds(3)).time(), started + seconds(3));
  EXPECT_EQ(service_->DeadlineOf(0, started, hours(24)).time(), started + deadline_);
}

TEST_F(Admission, EndsAJobWhoseUploadTookUntilItsDeadline) {
  Submission submission;
  submission.started = SteadyClock::now() - seconds(5);
  submission.request_timeout = seconds(3);
  const auto waiter = std::make_shared<FakeWaiter>();
  ASSERT_TRUE(Send(std::move(submission), waiter).ok());
  ASSERT_TRUE(waiter->Wait());
  EXPECT_EQ(waiter->outcome().state, JobState::kExpired);
}

TEST_F(Admission, KeepsThePayloadsMediaTypeIfItIsOne) {
  queue_.options.capacity = 4;
  Build();
  const std::string longest = "a/" + std::string(253, 'b');
  for (const auto& [sent, kept] : std::vector<std::pair<std::string, std::string>>{
           {"text/plain; charset=utf-8", "text/plain; charset=utf-8"},
           {longest, longest},
           {longest + "b", ""},
           {"pdf", ""},
           {"text/\xC3\xA4", ""}}) {
    Submission submission;
    submission.media_type = sent;
    ASSERT_TRUE(Send(std::move(submission), std::make_shared<FakeWaiter>()).ok());
    EXPECT_EQ(Claim()->media_type, kept);
  }
}

TEST_F(Admission, RefusesParamsThatTheHandlerDoesNotTakeWith422) {
  const auto bad = Submit(std::make_shared<FakeWaiter>(), {{"dpi", "9999"}});
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code, ErrorCode::kUnprocessable);
  EXPECT_EQ(service_->Figures(0).accepted, 0U);
}

TEST_F(Admission, RefusesASecretThatCameInTheQueryString) {
  Submission submission;
  submission.params = {{"password", "geheim"}};
  submission.query_params = {"password"};
  const auto bad = Send(std::move(submission), std::make_shared<FakeWaiter>());
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code, ErrorCode::kUnprocessable);
  EXPECT_EQ(bad.error().hint.find("geheim"), std::string::npos);
}

TEST_F(Admission, RefusesAnEmptyPayloadWhereTheHandlerNeedsOne) {
  info_.needs_payload = true;
  const auto bad = Submit(std::make_shared<FakeWaiter>());
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code, ErrorCode::kUnprocessable);
  EXPECT_EQ(bad.error().type, "empty-payload");
  EXPECT_TRUE(Submit(std::make_shared<FakeWaiter>(), {}, "x").ok());
}

TEST_F(Admission, RefusesTheJobForWhichThereIsNoPlaceWith429AndTellsWhenToComeBack) {
  Fill();
  const auto waiter = std::make_shared<FakeWaiter>();
  const auto full = Submit(waiter);
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(full.error().type, "queue-full");
  EXPECT_GE(full.error().retry_after, 10);
  EXPECT_LE(full.error().retry_after, 12);
  EXPECT_EQ(waiter->Count(), 0);
  EXPECT_TRUE(Counted("full", 1));
}

TEST_F(Admission, RefusesBeforeTheBodyWhatTheHeadersAloneRuleOut) {
  info_.media_types = {"application/pdf"};
  const auto code = [&](Intake intake) {
    const auto status = service_->Precheck(0, intake);
    return status.ok() ? std::string("ok") : status.error().type;
  };
  EXPECT_EQ(code({10, "application/pdf"}), "ok");
  EXPECT_EQ(code({std::nullopt, ""}), "ok");
  EXPECT_EQ(code({10, "image/png"}), "unsupported-media-type");
  EXPECT_EQ(code({1000, "application/pdf"}), "ok");
  EXPECT_EQ(code({1001, "application/pdf"}), "payload-too-large");
  Fill();
  EXPECT_EQ(code({10, "application/pdf"}), "queue-full");
  EXPECT_EQ(code({1001, "application/pdf"}), "payload-too-large");
  EXPECT_TRUE(Counted("full", 1));
}

TEST_F(Admission, NamesTheTypesThatAQueueTakesToWhomSendsAnother) {
  info_.media_types = {"application/pdf", "image/png"};
  const auto status = service_->Precheck(0, {10, "text/plain"});
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kUnsupportedMediaType);
  EXPECT_NE(status.error().hint.find("application/pdf, image/png"), std::string::npos);
}

TEST_F(Admission, PredictsTheFirstWaitsByWhatSlotsLetRun) {
  queue_.options.workers = 4;
  queue_.at_once = 2;
  Build();
  EXPECT_DOUBLE_EQ(service_->DrainRate(0), 0.2);  // two jobs of ten seconds
  queue_.at_once = 0;
  Build();
  EXPECT_DOUBLE_EQ(service_->DrainRate(0), 0.4);
}

TEST_F(Admission, JudgesParamsBeforeTheLengthAndThePlace) {
  Fill();
  Intake intake;
  intake.content_length = 1'000'000;
  intake.params = {{"dpi", "7000"}};
  EXPECT_EQ(service_->Precheck(0, intake).error().type, "invalid-params");
  intake.params = {{"password", "secret"}};
  intake.query_params = {"password"};
  EXPECT_EQ(service_->Precheck(0, intake).error().type, "invalid-params");
  intake.params.clear();
  EXPECT_EQ(service_->Precheck(0, intake).error().type, "payload-too-large");
}

// A head with everything against it, from which one fault after the other is taken.
TEST_F(Admission, JudgesAHeadInOneOrder) {
  queue_.options.capacity = 2;
  ledger_ = std::make_unique<Ledger>(100);
  info_.media_types = {"application/pdf"};
  Build();
  const auto type_of = [&](const Intake& intake) {
    return service_->Precheck(0, intake).error().type;
  };
  Fill();
  ASSERT_TRUE(Submit(std::make_shared<FakeWaiter>()).ok());
  auto memory = ledger_->TryCharge(MemoryUse::kUploads, 100);
  Intake intake{101, "text/plain"};
  intake.wrong_type = Error{ErrorCode::kUnsupportedMediaType, "encoded", "", "", 0};
  intake.malformed = Error{ErrorCode::kInvalidArgument, "malformed", "", "", 0};
  intake.params = {{"dpi", "7000"}};
  intake.unacceptable = Error{ErrorCode::kNotAcceptable, "unacceptable", "", "", 0};
  intake.request_timeout = seconds(1);
  EXPECT_EQ(type_of(intake), "unsupported-media-type");
  intake.media_type = "application/pdf";
  EXPECT_EQ(type_of(intake), "encoded");
  intake.wrong_type.reset();
  EXPECT_EQ(type_of(intake), "malformed");
  intake.malformed.reset();
  EXPECT_EQ(type_of(intake), "invalid-params");
  intake.params.clear();
  EXPECT_EQ(type_of(intake), "unacceptable");
  intake.unacceptable.reset();
  EXPECT_EQ(type_of(intake), "payload-too-large");
  intake.content_length = 1;
  EXPECT_EQ(type_of(intake), "queue-full");
  Finish(*Claim(), Success(""));
  EXPECT_EQ(type_of(intake), "memory-budget-spent");
  memory.reset();
  EXPECT_EQ(type_of(intake), "deadline-out-of-reach");
  EXPECT_TRUE(Counted("deadline", 1));
  intake.request_timeout.reset();
  EXPECT_TRUE(service_->Precheck(0, intake).ok());
  service_.reset();
}

TEST_F(Admission, JudgesParamsTogetherBeforeTheBodyUnlessItMayBringMore) {
  info_.check = [](const Params& params) {
    return params.contains("dpi") ? std::optional<std::string>("dpi needs a width") : std::nullopt;
  };
  Intake intake;
  intake.params = {{"dpi", "100"}};
  EXPECT_TRUE(service_->Precheck(0, intake).ok());
  intake.more_params = false;
  const auto refused = service_->Precheck(0, intake);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().hint, "dpi needs a width");
}

TEST_F(Admission, RefusesEverybodyWith503WhileItDrains) {
  service_->StopAdmitting();
  EXPECT_FALSE(service_->Admitting());
  const auto precheck = service_->Precheck(0, {});
  const auto submit = Submit(std::make_shared<FakeWaiter>());
  ASSERT_FALSE(precheck.ok());
  ASSERT_FALSE(submit.ok());
  EXPECT_EQ(precheck.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(submit.error().type, "draining");
  EXPECT_GT(submit.error().retry_after, 0);
  EXPECT_TRUE(Counted("draining", 2));
}

TEST_F(Admission, RefusesWith503WhenTheEngineWasClosedInBetween) {
  engine_->Close();
  const auto waiter = std::make_shared<FakeWaiter>();
  const auto submit = Submit(waiter);
  ASSERT_FALSE(submit.ok());
  EXPECT_EQ(submit.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(waiter->Count(), 0);
}

TEST_F(Admission, TakesACallersOwnDeadlineButNoneBeyondTheQueues) {
  ASSERT_TRUE(SubmitWithin(seconds(5)).ok());
  const JobPtr shorter = Claim();
  EXPECT_LE(shorter->deadline.time() - shorter->accepted_at, seconds(5));
  Finish(*shorter, Success());
  ASSERT_TRUE(SubmitWithin(hours(24)).ok());
  const JobPtr capped = Claim();
  EXPECT_LE(capped->deadline.time() - capped->accepted_at, deadline_);
}

TEST_F(Admission, RefusesAtOnceADeadlineThatIsShorterThanThePredictedWait) {
  ASSERT_TRUE(SubmitWithin(seconds(1)).ok());              // a worker is free: no wait
  const auto refused = SubmitWithin(milliseconds(9'999));  // one job of 10 s before it
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(refused.error().type, "deadline-out-of-reach");
  EXPECT_GT(refused.error().retry_after, 0);
  EXPECT_TRUE(Counted("deadline", 1));
  EXPECT_TRUE(SubmitWithin(seconds(11)).ok());
}

// Bytes that the service holds, against its budget.
class MemoryBudget : public AdmissionFixture {
 protected:
  MemoryBudget() {
    ledger_ = std::make_unique<Ledger>(100);
    Build();
  }
  ~MemoryBudget() override { service_.reset(); }
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;
};

TEST_F(MemoryBudget, RefusesBeforeTheBodyWhatCouldNeverFitWith413AndWhatDoesNotFitNowWith429) {
  EXPECT_TRUE(service_->Precheck(0, {100, ""}).ok());
  EXPECT_EQ(service_->Precheck(0, {101, ""}).error().code, ErrorCode::kPayloadTooLarge);
  const auto others = ledger_->TryCharge(MemoryUse::kUploads, 60);
  const auto refused = service_->Precheck(0, {41, ""});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(refused.error().type, "memory-budget-spent");
  EXPECT_GT(refused.error().retry_after, 0);
  EXPECT_TRUE(Counted("memory", 1));
}

TEST_F(MemoryBudget, HoldsAPayloadUntilItsJobIsForgotten) {
  ASSERT_TRUE(Submit(std::make_shared<FakeWaiter>(), {}, std::string(60, 'x')).ok());
  EXPECT_EQ(ledger_->Used(MemoryUse::kPayloads), 60U);
  const auto refused = Submit(std::make_shared<FakeWaiter>(), {}, std::string(60, 'x'));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().type, "memory-budget-spent");
  JobPtr job = Claim();
  Finish(*job, Success(""));
  job.reset();
  EXPECT_EQ(ledger_->Used(), 0U);
}

TEST_F(MemoryBudget, TakesAnUploadsChargeOverWithItsPayload) {
  Submission submission;
  ASSERT_TRUE(service_->ChargeUpload(0, 30, 60, submission.charge).ok());
  EXPECT_EQ(ledger_->Used(MemoryUse::kUploads), 60U);
  submission.payload = Payload::FromString(std::string(60, 'x'));
  ASSERT_TRUE(Send(std::move(submission), std::make_shared<FakeWaiter>()).ok());
  EXPECT_EQ(ledger_->Used(MemoryUse::kUploads), 0U);
  EXPECT_EQ(ledger_->Used(MemoryUse::kPayloads), 60U);
}

TEST_F(MemoryBudget, RefusesAnUploadThatOutgrowsIt) {
  Ledger::Charge charge;
  ASSERT_TRUE(service_->ChargeUpload(0, 60, 60, charge).ok());
  Ledger::Charge other;
  EXPECT_EQ(service_->ChargeUpload(0, 11, 50, other).error().type, "memory-budget-spent");
  const auto rest = ledger_->TryCharge(MemoryUse::kUploads, 40);
  EXPECT_EQ(service_->ChargeUpload(0, 61, std::nullopt, charge).error().type,
            "memory-budget-spent");
  EXPECT_EQ(charge.bytes(), 60U);
  EXPECT_TRUE(Counted("memory", 2));
}

TEST_F(MemoryBudget, TakesAChunkedUploadOfAllOfItAndNoneThatCouldNeverFit) {
  Ledger::Charge charge;
  EXPECT_TRUE(service_->ChargeUpload(0, 1, std::nullopt, charge).ok());
  EXPECT_TRUE(service_->ChargeUpload(0, 100, std::nullopt, charge).ok());
  EXPECT_EQ(service_->ChargeUpload(0, 101, std::nullopt, charge).error().code,
            ErrorCode::kPayloadTooLarge);
}

TEST_F(MemoryBudget, HasRoomForAChunkedUploadOnlyIfItsFirstStepFits) {
  EXPECT_TRUE(service_->Precheck(0, {std::nullopt, ""}).ok());
  const auto others = ledger_->TryCharge(MemoryUse::kUploads, 1);
  EXPECT_EQ(service_->Precheck(0, {std::nullopt, ""}).error().type, "memory-budget-spent");
}

TEST_F(MemoryBudget, CountsAResultUntilItsLastByteIsGone) {
  auto waiter = std::make_shared<FakeWaiter>();
  ASSERT_TRUE(Submit(waiter).ok());
  Finish(*Claim(), Success(std::string(150, 'r')));
  EXPECT_EQ(ledger_->Used(MemoryUse::kResults), 150U);
  EXPECT_EQ(service_->Precheck(0, {1, ""}).error().type, "memory-budget-spent");
  waiter.reset();
  EXPECT_EQ(ledger_->Used(), 0U);
}

// With a disk beside the memory.
class ResultSpool : public AdmissionFixture {
 protected:
  static constexpr std::size_t kMiB = std::size_t{1} << 20U;

  ResultSpool() {
    ledger_ = std::make_unique<Ledger>(4 * kMiB);
    auto spool = Spool::Open(std::filesystem::current_path(), 2 * kMiB);
    EXPECT_TRUE(spool.ok());
    spool_.emplace(*std::move(spool));
    Build();
  }
  ~ResultSpool() override { service_.reset(); }
  ResultSpool(const ResultSpool&) = delete;
  ResultSpool& operator=(const ResultSpool&) = delete;

  // A job with a result of that size whose client does not take it.
  void Unread(std::size_t size) {
    waiters_.push_back(std::make_shared<FakeWaiter>());
    ASSERT_TRUE(Submit(waiters_.back()).ok());
    Finish(*Claim(), Success(std::string(size, 'r')));
  }

  std::vector<std::shared_ptr<FakeWaiter>> waiters_;
};

TEST_F(ResultSpool, TakesLargeResultsOnceMemoryIsHalfFull) {
  Unread(2 * kMiB);
  EXPECT_EQ(ledger_->Used(MemoryUse::kResults), 2 * kMiB);
  Unread(kMiB);
  EXPECT_EQ(ledger_->Used(MemoryUse::kResults), 2 * kMiB);
  EXPECT_EQ(spool_->Used(), kMiB);
  EXPECT_TRUE(service_->Precheck(0, {1, ""}).ok());
  waiters_.clear();
  EXPECT_EQ(ledger_->Used(), 0U);
  EXPECT_EQ(spool_->Used(), 0U);
}

TEST_F(ResultSpool, LeavesSmallResultsInMemory) {
  Unread(2 * kMiB);
  Unread(kMiB - 1);
  EXPECT_EQ(spool_->Used(), 0U);
  EXPECT_EQ(ledger_->Used(MemoryUse::kResults), 3 * kMiB - 1);
}

TEST_F(ResultSpool, LeavesWhatTheDiskHasNoRoomForInMemory) {
  Unread(2 * kMiB);
  Unread(2 * kMiB);
  Unread(kMiB);
  EXPECT_EQ(spool_->Used(), 2 * kMiB);
  EXPECT_EQ(ledger_->Used(MemoryUse::kResults), 3 * kMiB);
}

}  // namespace
}  // namespace headrace
