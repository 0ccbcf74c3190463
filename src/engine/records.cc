#include "engine/records.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace headrace {
KeptJob KeptOf(const QueuedJob& job, bool begun) {
  KeptJob kept;
  kept.id = job.id;
  kept.queue = job.queue_name;
  kept.tenant = job.tenant;
  kept.media_type = job.media_type;
  kept.params = job.params;
  kept.traceparent = job.traceparent;
  kept.tracestate = job.tracestate;
  kept.webhook_url = job.webhook_url;
  kept.urgency = job.urgency;
  kept.attempt = begun ? job.attempt : job.attempt - 1;
  kept.idempotency = job.idempotency;
  kept.accepted = job.accepted;
  kept.started = job.started;
  kept.deadline = job.kept ? job.expires : job.deadline;
  kept.last_error = job.last_error;
  kept.payload_size = job.payload_size;
  return kept;
}

std::shared_ptr<QueuedJob> JobOf(const KeptJob& kept, QueueIndex queue) {
  auto job = std::make_shared<QueuedJob>();
  job->id = kept.id;
  job->queue = queue;
  job->queue_name = kept.queue;
  job->media_type = kept.media_type;
  job->params = kept.params;
  job->deadline = kept.deadline;
  // Where the clock was set back meanwhile, it has come just now.
  job->accepted_at = SteadyClock::now() - std::max(UtcNow() - kept.accepted, UtcTime::duration(0));
  job->accepted = kept.accepted;
  if (kept.attempt != 0) job->waits_since = SteadyClock::now();
  job->attempt = kept.attempt + 1;
  job->tenant = kept.tenant;
  job->urgency = kept.urgency;
  job->traceparent = kept.traceparent;
  job->tracestate = kept.tracestate;
  job->kept = true;
  job->expires = kept.deadline;
  job->payload_size = kept.payload_size;
  job->started = kept.started;
  job->last_error = kept.last_error;
  job->idempotency = kept.idempotency;
  job->webhook_url = kept.webhook_url;
  return job;
}

JobStatus StatusOf(const QueuedJob& job, JobState state, std::size_t position) {
  JobStatus status;
  status.record.job = KeptOf(job, state == JobState::kRunning);
  status.record.state = state;
  status.kept = job.kept;
  status.steps = job.progress.Get();
  status.position = position;
  status.accepted_at = job.accepted_at;
  status.waits_since = job.waits_since;
  return status;
}

JobTimings TimingsSoFar(const QueuedJob& job, bool runs) {
  JobTimings timings;
  const Seconds total = SteadyClock::now() - job.accepted_at;
  // `started` is of a clock that may be set.
  if (runs && job.started) {
    timings.run = std::clamp(Seconds(UtcNow() - *job.started), Seconds(0), total);
  }
  timings.wait = total - timings.run;
  return timings;
}

bool FreesKey(const Outcome& outcome) {
  if (outcome.state == JobState::kCancelled || outcome.state == JobState::kExpired) return true;
  if (outcome.state != JobState::kFailed || !outcome.error) return false;
  const ErrorCode code = outcome.error->code;
  return code == ErrorCode::kHandlerCrashed || code == ErrorCode::kUnavailable ||
         code == ErrorCode::kInternal || code == ErrorCode::kDeadlineExceeded;
}

Outcome ExpiredUnrun() {
  return EndedAs(
      JobState::kExpired,
      {ErrorCode::kDeadlineExceeded, "deadline", "the job did not end before its deadline", {}});
}

Outcome CancelledUnrun() {
  return EndedAs(JobState::kCancelled,
                 {ErrorCode::kConflict, "cancelled", "the job was cancelled", {}});
}

Outcome PayloadLost(const Error& error) {
  return EndedAs(JobState::kFailed, {ErrorCode::kInternal, "payload-lost",
                                     "the service has lost the job's payload; send it again",
                                     error.detail.empty() ? error.hint : error.detail});
}

Outcome Poisoned(const KeptJob& job) {
  Error error{ErrorCode::kHandlerCrashed,
              "interrupted",
              fmt::format("the service stopped {} times while the job ran; it is not tried again",
                          job.attempt),
              {}};
  if (job.last_error) error = *job.last_error;
  return EndedAs(JobState::kFailed, std::move(error));
}

}  // namespace headrace
