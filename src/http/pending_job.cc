#include "http/pending_job.h"

#include <utility>

namespace headrace {

void PendingJob::Deliver(const std::string& /*job_id*/, Outcome outcome) {
  outcome_ = std::move(outcome);
  link_->Post([self = shared_from_this()] { self->Resolve(); });
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
  if (!job_id_.empty()) service_.Abandon(job_id_);
}

}  // namespace headrace
