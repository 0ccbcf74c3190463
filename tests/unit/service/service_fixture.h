#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/sync.h"
#include "engine/memory/memory_engine.h"
#include "metrics/metrics.h"
#include "service/job_service.h"
#include "support/event.h"

namespace headrace {

// Keeps what it is told; counts how often.
class FakeWaiter final : public Waiter {
 public:
  void Deliver(const std::string& job_id, Outcome outcome) override {
    {
      const MutexLock lock(mu_);
      id_ = job_id;
      outcome_ = std::move(outcome);
    }
    told_.Set();
  }
  void DeliverPart(ResultPart part) override {
    const MutexLock lock(mu_);
    parts_.push_back(std::move(part));
  }
  [[nodiscard]] bool Wait() { return told_.Wait(); }
  [[nodiscard]] int Count() { return told_.Count(); }
  [[nodiscard]] Outcome outcome() {
    const MutexLock lock(mu_);
    return outcome_;
  }
  [[nodiscard]] std::vector<ResultPart> TakeParts() {
    const MutexLock lock(mu_);
    return std::exchange(parts_, {});
  }
  [[nodiscard]] std::string id() {
    const MutexLock lock(mu_);
    return id_;
  }

 private:
  Event told_;
  Mutex mu_;
  std::string id_ GUARDED_BY(mu_);
  Outcome outcome_ GUARDED_BY(mu_);
  std::vector<ResultPart> parts_ GUARDED_BY(mu_);
};

// A service over a real engine, whose worker is the test itself.
class AdmissionFixture : public testing::Test {
 protected:
  AdmissionFixture() {
    queue_.options = {"queue", 1, 1};
    info_.name = "test";
    info_.params = {{.name = "dpi", .type = ParamType::kInteger, .minimum = 1, .maximum = 600},
                    {.name = "password", .secret = true}};
    Build();
  }

  // One queue: one job runs, one waits.
  void Build(std::unique_ptr<LocalEngine> engine = nullptr) {
    service_.reset();
    ServiceQueue queue = queue_;
    queue.handler = &info_;
    queue.deadline = deadline_;
    queue.expected_run = std::chrono::seconds(10);
    engine_ = engine ? std::move(engine)
                     : std::make_unique<MemoryEngine>(std::vector<QueueOptions>{queue.options});
    metrics_ = std::make_unique<Metrics>(std::vector<std::string>{"queue"}, *engine_, "test");
    JobService::Options options;
    options.queues = {queue};
    options.max_body = 1000;
    options.ledger = ledger_.get();
    options.spool = spool_ ? &*spool_ : nullptr;
    service_ = std::make_unique<JobService>(std::move(options), *engine_, *metrics_);
  }

  // The engine in memory answers at once.
  Expected<std::string> Send(Submission submission, const std::shared_ptr<Waiter>& waiter) {
    Expected<std::string> answer(std::string("none"));
    service_->Submit(std::move(submission), waiter,
                     [&](Expected<std::string> id) { answer = std::move(id); });
    return answer;
  }
  Expected<JobStatus> Delete(const std::string& id) {
    Expected<JobStatus> answer(Error{});
    service_->Cancel({id}, [&](Expected<JobStatus> status) { answer = std::move(status); });
    return answer;
  }
  Expected<std::string> Submit(const std::shared_ptr<Waiter>& waiter, Params params = {},
                               const std::string& body = "") {
    Submission submission;
    submission.params = std::move(params);
    submission.payload = Payload::FromString(body);
    return Send(std::move(submission), waiter);
  }
  Expected<std::string> SubmitWithin(std::chrono::milliseconds timeout) {
    Submission submission;
    submission.request_timeout = timeout;
    return Send(std::move(submission), std::make_shared<FakeWaiter>());
  }
  // Both places taken.
  void Fill() {
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(Submit(std::make_shared<FakeWaiter>()).ok());
  }
  JobPtr Claim() { return *engine_->Claim(0); }
  // What a worker does at the end of a job.
  void Finish(const QueuedJob& job, Outcome outcome) {
    service_->OnRan({std::shared_ptr<void>(), &job}, std::move(outcome));
  }
  static Outcome Success(const std::string& text = "result") {
    Outcome outcome;
    outcome.state = JobState::kSucceeded;
    outcome.parts.push_back({"result", "text/plain", Payload::FromString(text), 0});
    return outcome;
  }
  [[nodiscard]] bool Counted(const std::string& reason, int count) const {
    const std::string line = "headrace_jobs_rejected_total{queue=\"queue\",reason=\"" + reason +
                             "\"} " + std::to_string(count) + "\n";
    return metrics_->Serialize().find(line) != std::string::npos;
  }

  HandlerInfo info_;
  ServiceQueue queue_;
  std::chrono::milliseconds deadline_{60'000};
  std::unique_ptr<Ledger> ledger_;  // null: no budget
  std::optional<Spool> spool_;
  std::unique_ptr<LocalEngine> engine_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<JobService> service_;
};

}  // namespace headrace
