#include "service/job_service.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <random>
#include <utility>

#include "base/job_id.h"
#include "base/timer.h"
#include "base/units.h"
#include "handler/params.h"
#include "metrics/metrics.h"
#include "service/retry_after.h"
#include "service/waiters.h"

namespace headrace {
namespace {

// Seconds that a client is sent away for while the service stops; its successor is up by then.
constexpr int kDrainingRetry = 5;

// Smaller results are not worth a file.
constexpr std::size_t kLeastSpooled = std::size_t{1} << 20U;

double Jitter() {
  thread_local std::minstd_rand random(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(random);
}

Error Draining() {
  return {ErrorCode::kUnavailable,
          "draining",
          "the service is stopping and takes no more jobs; try again in a moment",
          {},
          kDrainingRetry};
}

Outcome Ended(JobState state, Error error) {
  Outcome outcome;
  outcome.state = state;
  outcome.error = std::move(error);
  return outcome;
}

Outcome Expired() {
  return Ended(
      JobState::kExpired,
      {ErrorCode::kDeadlineExceeded,
       "deadline",
       "the job did not end before its deadline; send less work at once, or ask the operator "
       "for a longer deadline",
       {}});
}

const char* Name(CancelReason reason) {
  switch (reason) {
    case CancelReason::kNone:
      return "none";
    case CancelReason::kDisconnected:
      return "client-gone";
    case CancelReason::kDeadline:
      return "deadline";
    case CancelReason::kDeleted:
      return "deleted";
    case CancelReason::kShutdown:
      return "shutdown";
  }
  return "none";
}

Outcome Cancelled() {
  return Ended(
      JobState::kCancelled,
      {ErrorCode::kConflict, "cancelled", "the job was cancelled by a DELETE request", {}});
}

Error NoSuchJob() {
  return {ErrorCode::kNotFound,
          "no-such-job",
          "there is no such job, or it has ended and its result was delivered",
          {}};
}

}  // namespace

struct JobService::Impl {
  Impl(Options the_options, Engine& the_engine, Metrics& the_metrics)
      : options(std::move(the_options)), engine(the_engine), metrics(the_metrics) {
    for (const ServiceQueue& queue : options.queues) {
      const std::size_t at_once = queue.at_once == 0 ? queue.options.workers : queue.at_once;
      retry_after.push_back(std::make_unique<RetrySchedule>(at_once, Seconds(queue.expected_run)));
    }
  }

  // The wait that a job pushed now has before it, as far as the drain rate tells: so many jobs must
  // end before a worker is free for it.
  [[nodiscard]] Seconds PredictedWait(QueueIndex queue) const {
    const QueueFigures figures = engine.Figures(queue);
    const std::size_t unfinished = figures.waiting + figures.running;
    const std::size_t workers = options.queues[queue].options.workers;
    if (unfinished < workers) return Seconds(0);
    return Seconds(static_cast<double>(unfinished - workers + 1) / retry_after[queue]->DrainRate());
  }

  Error Full(QueueIndex queue) {
    metrics.OnRejected(queue, Rejection::kFull);
    const ServiceQueue& full = options.queues[queue];
    return {ErrorCode::kOverloaded,
            "queue-full",
            fmt::format("queue '{}' holds all the {} jobs that it may; come back after Retry-After "
                        "seconds",
                        full.options.name, full.options.workers + full.options.capacity),
            {},
            retry_after[queue]->Promise(SteadyClock::now(), Jitter())};
  }

  Error NoMemory(QueueIndex queue) {
    metrics.OnRejected(queue, Rejection::kMemory);
    return {ErrorCode::kOverloaded,
            "memory-budget-spent",
            "the service holds as many bytes as it may; come back after Retry-After seconds",
            {},
            retry_after[queue]->Promise(SteadyClock::now(), Jitter())};
  }

  // Moves the upload's charge to the payload, or charges it now.
  Status ChargePayload(Submission& submission) {
    const std::size_t size = submission.payload.size();
    if (options.ledger == nullptr || size == 0) return Ok();
    if (submission.charge.bytes() == 0) {
      auto charge = options.ledger->TryCharge(MemoryUse::kPayloads, size);
      if (!charge) return NoMemory(submission.queue);
      submission.charge = *std::move(charge);
    }
    submission.charge.MoveTo(MemoryUse::kPayloads);
    submission.payload.Hold(std::move(submission.charge));
    return Ok();
  }

  // Results exist when the service first hears of them, so they count even over the budget, until
  // the last byte has been sent. Large ones go to the disk before they hold half of the budget.
  void ChargePart(ResultPart& part) const {
    if (options.ledger == nullptr || MovedToSpool(part)) return;
    part.bytes.Hold(options.ledger->ChargeAnyway(MemoryUse::kResults, part.bytes.size()));
  }

  bool MovedToSpool(ResultPart& part) const {
    const std::size_t size = part.bytes.size();
    if (options.spool == nullptr || size < kLeastSpooled) return false;
    if (options.ledger->Used(MemoryUse::kResults) + size <= options.ledger->budget() / 2)
      return false;
    auto stored = options.spool->Store(part.bytes);
    if (!stored) {
      spdlog::warn("a result of {} bytes stays in memory: spool: {}", size, stored.error().hint);
      return false;
    }
    part.bytes = *std::move(stored);
    return true;
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
      return Error{
          ErrorCode::kOverloaded,
          "deadline-out-of-reach",
          fmt::format("the job would wait about {:.0f} s, longer than Request-Timeout allows; "
                      "come back after Retry-After seconds",
                      std::ceil(wait.count())),
          {},
          retry_after[submission.queue]->Promise(SteadyClock::now(), Jitter())};
    }
    return std::min(queue.deadline, *submission.request_timeout);
  }

  // Ends the job in the engine. The worker tells the end of one that runs, nobody else that of one
  // that waits.
  CancelResult End(std::string_view id, CancelReason reason) {
    const CancelResult result = engine.Cancel(id, reason);
    if (result == CancelResult::kRemoved) {
      spdlog::info("job ended unrun: job_id={} queue={} outcome={} reason={}", id,
                   options.queues[QueueOfJobId(id).value_or(0)].options.name,
                   reason == CancelReason::kDeadline ? "expired" : "cancelled", Name(reason));
    }
    return result;
  }

  void OnDeadline(const JobPtr& job) {
    auto entry = waiters.Take(job->id);
    if (!entry) return;
    Outcome outcome = Expired();
    if (End(job->id, CancelReason::kDeadline) == CancelResult::kRemoved) {
      outcome.timings.wait = SteadyClock::now() - job->accepted_at;
    }
    entry->waiter->Deliver(job->id, std::move(outcome));
  }

  // The job that a submission asks for, or what is wrong with it.
  Expected<JobPtr> MakeJob(Submission submission, const std::shared_ptr<Waiter>& waiter) {
    const ServiceQueue& target = options.queues[submission.queue];
    if (target.handler->needs_payload && submission.payload.size() == 0) {
      return Error{
          ErrorCode::kUnprocessable,
          "empty-payload",
          "the request has no payload; send the document as the body, or as a file in a form",
          {}};
    }
    auto params = ValidateParams(*target.handler, submission.params, submission.query_params);
    if (!params) return std::move(params).error();
    const auto allowance = Allowance(submission);
    if (!allowance) return allowance.error();
    if (auto charged = ChargePayload(submission); !charged) return std::move(charged).error();

    auto job = std::make_shared<QueuedJob>();
    job->id = NewJobId(submission.queue);
    job->queue = submission.queue;
    job->queue_name = target.options.name;
    job->payload = std::move(submission.payload);
    job->params = *std::move(params);
    job->accepted_at = SteadyClock::now();
    job->deadline = Deadline::At(job->accepted_at + *allowance);
    job->traceparent = std::move(submission.traceparent);
    if (submission.wants_parts) {
      job->on_part = [this, waiter](ResultPart part) {
        ChargePart(part);
        waiter->DeliverPart(std::move(part));
      };
    }
    return JobPtr(std::move(job));
  }

  void Arm(const JobPtr& job) {
    const auto ticket = timer.Schedule(job->deadline, [this, job] { OnDeadline(job); });
    if (!waiters.SetDeadline(job->id, ticket)) timer.Cancel(ticket);  // it has ended already
  }

  const Options options;
  Engine& engine;
  Metrics& metrics;
  std::atomic<bool> admitting{true};
  std::vector<std::unique_ptr<RetrySchedule>> retry_after;
  Waiters waiters;
  Timer timer;  // last: its callbacks use all above
};

JobService::JobService(Options options, Engine& engine, Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(options), engine, metrics)) {}

JobService::~JobService() = default;

const std::vector<ServiceQueue>& JobService::queues() const { return impl_->options.queues; }

std::optional<QueueIndex> JobService::FindQueue(std::string_view name) const {
  const auto& queues = impl_->options.queues;
  const auto at = std::find_if(queues.begin(), queues.end(), [&](const ServiceQueue& queue) {
    return queue.options.name == name;
  });
  if (at == queues.end()) return std::nullopt;
  return static_cast<QueueIndex>(at - queues.begin());
}

Status JobService::Precheck(QueueIndex queue, const Intake& intake) {
  if (!Admitting()) return impl_->Refused(queue, PushResult::kClosed);
  const ServiceQueue& target = impl_->options.queues[queue];
  const auto& types = target.handler->media_types;
  if (!types.empty() && !intake.media_type.empty() &&
      std::find(types.begin(), types.end(), intake.media_type) == types.end()) {
    return Error{ErrorCode::kUnsupportedMediaType,
                 "unsupported-media-type",
                 fmt::format("queue '{}' takes {} (or multipart/form-data around it)",
                             target.options.name, fmt::join(types, ", ")),
                 {}};
  }
  auto checked = CheckParams(*target.handler, intake.params, intake.query_params);
  if (!checked) return checked;
  const std::uint64_t length = intake.content_length.value_or(0);
  const Ledger* const ledger = impl_->options.ledger;
  const std::uint64_t most =
      ledger == nullptr ? impl_->options.max_body
                        : std::min<std::uint64_t>(impl_->options.max_body, ledger->budget());
  if (length > most) {
    return Error{ErrorCode::kPayloadTooLarge,
                 "payload-too-large",
                 fmt::format("the body may have at most {}", FormatSize(most)),
                 {}};
  }
  const QueueFigures figures = impl_->engine.Figures(queue);
  if (figures.waiting + figures.running >= target.options.workers + target.options.capacity) {
    return impl_->Full(queue);
  }
  if (ledger != nullptr && !ledger->HasRoomFor(length)) return impl_->NoMemory(queue);
  return Ok();
}

Status JobService::ChargeUpload(QueueIndex queue, std::size_t bytes, Ledger::Charge& charge) {
  Ledger* const ledger = impl_->options.ledger;
  if (ledger == nullptr || charge.Grow(bytes)) return Ok();
  if (charge.bytes() != 0) return impl_->NoMemory(queue);
  auto first = ledger->TryCharge(MemoryUse::kUploads, bytes);
  if (!first) return impl_->NoMemory(queue);
  charge = *std::move(first);
  return Ok();
}

Expected<std::string> JobService::Submit(Submission submission, std::shared_ptr<Waiter> waiter) {
  const QueueIndex queue = submission.queue;
  if (!Admitting()) return impl_->Refused(queue, PushResult::kClosed);
  auto job = impl_->MakeJob(std::move(submission), waiter);
  if (!job) return std::move(job).error();
  const JobPtr& made = *job;
  // Before the push: a worker may have finished the job before Push returns.
  impl_->waiters.Put(made->id, {std::move(waiter), {}});
  const PushResult pushed = impl_->engine.Push(made);
  if (pushed != PushResult::kAccepted) {
    impl_->waiters.Take(made->id);
    return impl_->Refused(queue, pushed);
  }
  spdlog::debug("job accepted: job_id={} queue={} payload={}B", made->id, made->queue_name,
                made->payload.size());
  impl_->Arm(made);
  return made->id;
}

void JobService::Abandon(std::string_view job_id) {
  auto entry = impl_->waiters.Take(job_id);
  if (!entry) return;
  impl_->timer.Cancel(entry->deadline);
  impl_->End(job_id, CancelReason::kDisconnected);
}

// The waiter is taken before the job is cancelled, here as in CancelAll: else the worker that sees
// the cancelled token could answer first, in its own words.
Expected<JobStatus> JobService::Cancel(std::string_view job_id) {
  auto status = impl_->engine.Get(job_id);
  if (!status) return NoSuchJob();
  auto entry = impl_->waiters.Take(job_id);
  const CancelResult result = impl_->End(job_id, CancelReason::kDeleted);
  if (entry) {
    impl_->timer.Cancel(entry->deadline);
    entry->waiter->Deliver(status->job->id, Cancelled());
  } else if (result == CancelResult::kUnknown) {
    return NoSuchJob();
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
  for (ResultPart& part : outcome.parts) impl_->ChargePart(part);
  entry->waiter->Deliver(job.id, std::move(outcome));
}

int JobService::RetryAfter(QueueIndex queue) {
  return impl_->retry_after[queue]->Promise(SteadyClock::now(), Jitter());
}

double JobService::DrainRate(QueueIndex queue) const {
  return impl_->retry_after[queue]->DrainRate();
}

std::size_t JobService::ArmedDeadlines() const { return impl_->timer.Pending(); }

QueueFigures JobService::Figures(QueueIndex queue) const { return impl_->engine.Figures(queue); }

void JobService::StopAdmitting() { impl_->admitting.store(false); }

bool JobService::Admitting() const { return impl_->admitting.load(); }

std::size_t JobService::CancelAll() {
  std::size_t cut = 0;
  for (const std::string& id : impl_->engine.Unfinished()) {
    const auto entry = impl_->waiters.Take(id);
    impl_->End(id, CancelReason::kShutdown);
    if (!entry) continue;  // its client has been answered, or is gone: nobody is cut
    impl_->timer.Cancel(entry->deadline);
    entry->waiter->Deliver(id, Ended(JobState::kCancelled, Draining()));
    ++cut;
  }
  return cut;
}

}  // namespace headrace
