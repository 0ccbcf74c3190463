#include "http/jobs/pending_job.h"

#include <thread>
#include <utility>

namespace headrace {

// The id is known when the reactor comes to it: told within Submit, which runs on its thread, or,
// of a job that is kept, posted before a worker may have it.
void PendingJob::Deliver(const std::string& /*job_id*/, Outcome outcome) {
  outcome_ = std::move(outcome);
  link_->Post([self = shared_from_this()] { self->Resolve(); });
}

void PendingJob::GoesOn(JobStatus status) {
  outcome_.state = status.record.state;
  goes_on_ = std::make_unique<const JobStatus>(std::move(status));
  link_->Post([self = shared_from_this()] { self->Resolve(); });
}

void PendingJob::Submit(Submission submission) {
  submitting_ = true;
  service_.Submit(std::move(submission), shared_from_this(),
                  [self = shared_from_this(), thread = std::this_thread::get_id()](auto id) {
                    self->Submitted(thread, std::move(id));
                  });
  submitting_ = false;
}

// Most answers come within the call, on its thread; those of a store later, on another.
void PendingJob::Submitted(std::thread::id thread, Expected<std::string> job_id) {
  if (std::this_thread::get_id() == thread && submitting_) return Answered(std::move(job_id));
  link_->Post([self = shared_from_this(), job_id = std::move(job_id)] { self->Answered(job_id); });
}

void PendingJob::Answered(Expected<std::string> job_id) {
  if (!job_id) return Refuse(std::move(job_id).error());
  job_id_ = *std::move(job_id);
  if (abandoned_) service_.Abandon(job_id_, *this);
}

void PendingJob::DeliverPart(ResultPart part) {
  link_->Post([self = shared_from_this(), part = std::move(part)]() mutable {
    const auto take = self->on_part_;  // it may end the connection, and so itself
    if (take) take(std::move(part));
  });
}

void PendingJob::Tell(Submission& submission) {
  submission.wants_parts = on_part_ != nullptr && !wants_pieces_;
  submission.wants_pieces = std::exchange(wants_pieces_, nullptr);
}

void PendingJob::Resolve() {
  on_part_ = nullptr;
  if (!abandoned_) deferred_.resolve(std::move(outcome_));
}

void PendingJob::Refuse(Error error) {
  outcome_.state = JobState::kFailed;
  outcome_.error = std::move(error);
  Resolve();
}

void PendingJob::Abandon() {
  abandoned_ = true;
  on_part_ = nullptr;
  deferred_.clear();
  if (!job_id_.empty()) service_.Abandon(job_id_, *this);
}

}  // namespace headrace
