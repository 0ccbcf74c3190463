#include "service/job_service.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <random>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/job_id.h"
#include "base/timer.h"
#include "base/units.h"
#include "handler/registry.h"
#include "metrics/metrics.h"
#include "service/retry_after.h"
#include "service/waiters.h"

namespace headrace {
namespace {

// Seconds that a client is sent away for while the service stops; its successor is up by then.
constexpr int kDrainingRetry = 5;

double Jitter() {
  thread_local std::minstd_rand random(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(random);
}

Error Draining() {
  return {ErrorCode::kUnavailable, "draining",
          "the service is stopping and takes no more jobs; try again in a moment", {},
          kDrainingRetry};
}

Outcome Ended(JobState state, Error error) {
  Outcome outcome;
  outcome.state = state;
  outcome.error = std::move(error);
  return outcome;
}

Outcome Expired(const QueuedJob& job) {
  Outcome outcome =
      Ended(JobState::kExpired,
            {ErrorCode::kDeadlineExceeded, "deadline",
             "the job did not end before its deadline; send less work at once, or ask the operator for "
             "a longer deadline",
             {}});
  outcome.timings.wait = SteadyClock::now() - job.accepted_at;
  return outcome;
}

Outcome Cancelled() {
  return Ended(JobState::kCancelled,
               {ErrorCode::kConflict, "cancelled", "the job was cancelled by a DELETE request", {}});
}

}  // namespace

struct JobService::Impl {
  Impl(Options the_options, Engine& the_engine, Metrics& the_metrics)
      : options(std::move(the_options)), engine(the_engine), metrics(the_metrics) {
    for (const ServiceQueue& queue : options.queues) {
      retry_after.push_back(
          std::make_unique<RetryAfter>(queue.options.workers, Seconds(queue.expected_run)));
    }
  }

  // The wait that a job pushed now has before it, as far as the drain rate tells.
  [[nodiscard]] Seconds PredictedWait(QueueIndex queue) const {
    const QueueFigures figures = engine.Figures(queue);
    if (figures.running < options.queues[queue].options.workers) return Seconds(0);
    return Seconds(static_cast<double>(figures.waiting + 1) / retry_after[queue]->DrainRate());
  }

  Error Full(QueueIndex queue) {
    metrics.OnRejected(queue, Rejection::kFull);
    const ServiceQueue& full = options.queues[queue];
    return {ErrorCode::kOverloaded, "queue-full",
            fmt::format("queue '{}' holds all the {} jobs that it may; come back after Retry-After "
                        "seconds",
                        full.options.name, full.options.workers + full.options.capacity),
            {},
            retry_after[queue]->Promise(SteadyClock::now(), Jitter())};
  }

  Error Refused(QueueIndex queue, PushResult pushed) {
    if (pushed == PushResult::kFull) return Full(queue);
    metrics.OnRejected(queue, Rejection::kDraining);
    return Draining();
  }

  // How long the job may take in all, or why that cannot be kept.
  Expected<std::chrono::milliseconds> Allowance(const Submission& submission) {
    const ServiceQueue& queue = options.queues[submission.queue];
    if (!submission.request_timeout) return queue.deadline;
    const Seconds wait = PredictedWait(submission.queue);
    if (wait > *submission.request_timeout) {
      metrics.OnRejected(submission.queue, Rejection::kDeadline);
      return Error{ErrorCode::kOverloaded, "deadline-out-of-reach",
                   fmt::format("the job would wait about {:.0f} s, longer than Request-Timeout allows; "
                               "come back after Retry-After seconds",
                               std::ceil(wait.count())),
                   {},
                   retry_after[submission.queue]->Promise(SteadyClock::now(), Jitter())};
    }
    return std::min(queue.deadline, *submission.request_timeout);
  }

  void OnDeadline(const JobPtr& job) {
    auto entry = waiters.Take(job->id);
    if (!entry) return;
    engine.Cancel(job->id, CancelReason::kDeadline);
    spdlog::info("job expired: job_id={} queue={}", job->id, job->queue_name);
    entry->waiter->Deliver(job->id, Expired(*job));
  }

  void Arm(const JobPtr& job) {
    const auto ticket = timer.Schedule(job->deadline, [this, job] { OnDeadline(job); });
    if (!waiters.SetDeadline(job->id, ticket)) timer.Cancel(ticket);  // it has ended already
  }

  const Options options;
  Engine& engine;
  Metrics& metrics;
  std::atomic<bool> admitting{true};
  std::vector<std::unique_ptr<RetryAfter>> retry_after;
  Waiters waiters;
  Timer timer;  // last: its callbacks use all above
};

JobService::JobService(Options options, Engine& engine, Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(options), engine, metrics)) {}

JobService::~JobService() = default;

const std::vector<ServiceQueue>& JobService::queues() const { return impl_->options.queues; }

std::optional<QueueIndex> JobService::FindQueue(std::string_view name) const {
  const auto& queues = impl_->options.queues;
  const auto at = std::find_if(queues.begin(), queues.end(),
                               [&](const ServiceQueue& queue) { return queue.options.name == name; });
  if (at == queues.end()) return std::nullopt;
  return static_cast<QueueIndex>(at - queues.begin());
}

Status JobService::Precheck(QueueIndex queue, const Intake& intake) {
  if (!Admitting()) return impl_->Refused(queue, PushResult::kClosed);
  const ServiceQueue& target = impl_->options.queues[queue];
  const auto& types = target.handler->media_types;
  if (!types.empty() && !intake.media_type.empty() &&
      std::find(types.begin(), types.end(), intake.media_type) == types.end()) {
    return Error{ErrorCode::kUnsupportedMediaType, "unsupported-media-type",
                 fmt::format("queue '{}' takes {} (or multipart/form-data around it)",
                             target.options.name, fmt::join(types, ", ")),
                 {}};
  }
  if (intake.content_length && *intake.content_length > impl_->options.max_body) {
    return Error{ErrorCode::kPayloadTooLarge, "payload-too-large",
                 fmt::format("the body may have at most {}", FormatSize(impl_->options.max_body)),
                 {}};
  }
  const QueueFigures figures = impl_->engine.Figures(queue);
  if (figures.waiting + figures.running >= target.options.workers + target.options.capacity) {
    return impl_->Full(queue);
  }
  return Ok();
}

Expected<std::string> JobService::Submit(Submission submission, std::shared_ptr<Waiter> waiter) {
  const QueueIndex queue = submission.queue;
  if (!Admitting()) return impl_->Refused(queue, PushResult::kClosed);
  const ServiceQueue& target = impl_->options.queues[queue];
  if (target.handler->needs_payload && submission.payload.size() == 0) {
    return Error{ErrorCode::kUnprocessable, "empty-payload",
                 "the request has no payload; send the document as the body, or as a file in a form",
                 {}};
  }
  auto params =
      ValidateParams(*target.handler, std::move(submission.params), submission.query_params);
  if (!params) return std::move(params).error();
  const auto allowance = impl_->Allowance(submission);
  if (!allowance) return allowance.error();

  auto job = std::make_shared<QueuedJob>();
  job->id = NewJobId(queue);
  job->queue = queue;
  job->queue_name = target.options.name;
  job->payload = std::move(submission.payload);
  job->params = *std::move(params);
  job->accepted_at = SteadyClock::now();
  job->deadline = Deadline::At(job->accepted_at + *allowance);
  job->traceparent = std::move(submission.traceparent);

  // Before the push: a worker may have finished the job before Push returns.
  impl_->waiters.Put(job->id, {std::move(waiter), {}});
  const PushResult pushed = impl_->engine.Push(job);
  if (pushed != PushResult::kAccepted) {
    impl_->waiters.Take(job->id);
    return impl_->Refused(queue, pushed);
  }
  impl_->Arm(job);
  return job->id;
}

void JobService::Abandon(std::string_view job_id) {
  auto entry = impl_->waiters.Take(job_id);
  if (!entry) return;
  impl_->timer.Cancel(entry->deadline);
  impl_->engine.Cancel(job_id, CancelReason::kDisconnected);
}

Expected<JobStatus> JobService::Cancel(std::string_view job_id) {
  auto status = impl_->engine.Get(job_id);
  const auto result = impl_->engine.Cancel(job_id, CancelReason::kDeleted);
  if (!status || result == CancelResult::kUnknown) {
    return Error{ErrorCode::kNotFound, "no-such-job",
                 "there is no such job, or it has ended and its result was delivered", {}};
  }
  if (auto entry = impl_->waiters.Take(job_id)) {
    impl_->timer.Cancel(entry->deadline);
    entry->waiter->Deliver(status->job->id, Cancelled());
  }
  status->state = JobState::kCancelled;
  return *std::move(status);
}

void JobService::OnFinished(const QueuedJob& job, Outcome outcome) {
  const QueueFigures figures = impl_->engine.Figures(job.queue);
  impl_->retry_after[job.queue]->OnFinished(SteadyClock::now(), figures.waiting > 0);
  auto entry = impl_->waiters.Take(job.id);
  if (!entry) return;  // already answered, or gone
  impl_->timer.Cancel(entry->deadline);
  entry->waiter->Deliver(job.id, std::move(outcome));
}

int JobService::RetryAfter(QueueIndex queue) {
  return impl_->retry_after[queue]->Promise(SteadyClock::now(), Jitter());
}

double JobService::DrainRate(QueueIndex queue) const {
  return impl_->retry_after[queue]->DrainRate();
}

QueueFigures JobService::Figures(QueueIndex queue) const { return impl_->engine.Figures(queue); }

void JobService::StopAdmitting() { impl_->admitting.store(false); }

bool JobService::Admitting() const { return impl_->admitting.load(); }

std::size_t JobService::CancelAll() {
  std::size_t cut = 0;
  for (const std::string& id : impl_->engine.Unfinished()) {
    if (impl_->engine.Cancel(id, CancelReason::kShutdown) == CancelResult::kUnknown) continue;
    ++cut;
    if (auto entry = impl_->waiters.Take(id)) {
      impl_->timer.Cancel(entry->deadline);
      entry->waiter->Deliver(id, Ended(JobState::kCancelled, Draining()));
    }
  }
  return cut;
}

}  // namespace headrace
