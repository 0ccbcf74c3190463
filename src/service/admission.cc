#include "service/admission.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/job_id.h"
#include "base/random_share.h"
#include "base/units.h"
#include "handler/frames/frames.h"
#include "handler/params.h"
#include "metrics/metrics.h"
#include "service/endings.h"

namespace headrace {
namespace {

Error WrongType(const ServiceQueue& queue) {
  return {ErrorCode::kUnsupportedMediaType,
          "unsupported-media-type",
          fmt::format("queue '{}' takes {} (or multipart/form-data around it)", queue.options.name,
                      fmt::join(queue.handler->media_types, ", ")),
          {}};
}

// All together, or, where the body may bring more of them, each by itself.
Status CheckIntakeParams(const HandlerInfo& handler, const Intake& intake) {
  if (intake.more_params) return CheckParams(handler, intake.params, intake.query_params);
  auto all = ValidateParams(handler, intake.params, intake.query_params);
  return all ? Ok() : Status(std::move(all).error());
}

std::size_t AtOnce(const ServiceQueue& queue) {
  return queue.at_once == 0 ? queue.options.workers : queue.at_once;
}

bool TakesType(const HandlerInfo& handler, std::string_view type) {
  const auto& types = handler.media_types;
  return types.empty() || type.empty() ||
         std::find(types.begin(), types.end(), type) != types.end();
}

}  // namespace

Admission::Admission(Options options, const Engine& engine, Metrics& metrics)
    : ledger_(options.ledger),
      trust_priority_(options.trust_priority),
      max_body_(options.max_body),
      current_(std::make_unique<Queues>(std::move(options.queues))),
      queues_(current_.get()),
      engine_(engine),
      metrics_(metrics) {
  for (const ServiceQueue& queue : *current_) {
    retry_after_.push_back(
        std::make_unique<RetrySchedule>(AtOnce(queue), Seconds(queue.expected_run)));
  }
}

// No call blocks, so none that has a reference lasts for anything like the time that is waited for
// it.
void Admission::Reload(std::vector<ServiceQueue> queues, std::size_t max_body) {
  constexpr std::chrono::minutes kLongestCall{1};
  const SteadyTime now = SteadyClock::now();
  std::erase_if(retired_, [&](const Retired& old) { return now - old.since > kLongestCall; });
  max_body_.store(max_body);
  for (QueueIndex i = 0; i < queues.size(); ++i) {
    retry_after_[i]->Expect(AtOnce(queues[i]), Seconds(queues[i].expected_run));
  }
  auto next = std::make_unique<Queues>(std::move(queues));
  queues_.store(next.get(), std::memory_order_release);
  retired_.push_back({now, std::exchange(current_, std::move(next))});
}

std::uint64_t Admission::MostBytes() const {
  const std::uint64_t most = max_body_.load(std::memory_order_relaxed);
  return ledger_ == nullptr ? most : std::min(most, ledger_->budget());
}

// The wait that a job pushed now has before it, as far as the drain rate tells: so many jobs must
// end before a worker is free for it.
Seconds Admission::PredictedWait(QueueIndex queue) const {
  const QueueFigures figures = engine_.Figures(queue);
  const std::size_t unfinished = figures.waiting + figures.running;
  const std::size_t workers = queues()[queue].options.workers;
  if (unfinished < workers) return Seconds(0);
  return Seconds(static_cast<double>(unfinished - workers + 1) / DrainRate(queue));
}

Status Admission::Precheck(QueueIndex queue, const Intake& intake) {
  if (!Admitting()) return Refused(queue, PushResult::kClosed);
  const ServiceQueue& target = queues()[queue];
  if (auto taken = CheckType(queue, intake.media_type); !taken) return taken;
  if (intake.wrong_type) return *intake.wrong_type;
  if (intake.malformed) return *intake.malformed;
  if (auto sound = CheckIntakeParams(*target.handler, intake); !sound) return sound;
  if (intake.unacceptable) return *intake.unacceptable;
  if (intake.content_length.value_or(0) > MostBytes()) return TooLong();
  return CheckRoom(queue, intake);
}

Status Admission::CheckRoom(QueueIndex queue, const Intake& intake) {
  const ServiceQueue& target = queues()[queue];
  // Whose key is held gets that job, and needs no room for another.
  const bool known = HoldsKey(queue, intake.caller, intake.idempotency_key);
  const QueueFigures figures = engine_.Figures(queue);
  if (!known &&
      figures.waiting + figures.running >= target.options.workers + target.options.capacity) {
    return Full(queue);
  }
  // A chunked body needs its first step at least.
  const std::uint64_t bytes = intake.content_length.value_or(std::min(kUploadStep, MostBytes()));
  if (ledger_ != nullptr && !ledger_->HasRoomFor(bytes)) return NoMemory(queue);
  if (known) return Ok();
  if (intake.kept) {
    if (auto kept = CheckResults(queue); !kept) return kept;
  }
  if (intake.request_timeout) {
    const Deadline reach = Deadline::After(*intake.request_timeout);
    if (auto reached = CheckReach(queue, reach); !reached) return reached;
  }
  return intake.caller ? CheckQuota(queue, *intake.caller) : Ok();
}

bool Admission::HoldsKey(QueueIndex queue, const Caller* caller, std::string_view key) const {
  const std::string_view tenant = caller == nullptr ? std::string_view() : caller->tenant();
  return !key.empty() && engine_.HoldsKey(queue, tenant, key);
}

Status Admission::CheckQuota(QueueIndex queue, Caller& caller) {
  const std::size_t most = caller.max_waiting();
  if (most != 0 && engine_.WaitingOf(queue, caller.tenant()) >= most) return TenantFull(queue);
  const auto seconds = caller.UntilNextJob(SteadyClock::now());
  return seconds ? TooMany(queue, caller, *seconds) : Ok();
}

// The last of all checks: whoever passes it has taken one of the jobs that its key lets in. Only
// here, behind the body: what its Idempotency-Key was held by before may have let it go meanwhile.
Status Admission::TakeQuota(const Submission& submission) {
  Caller* const caller = submission.caller;
  std::string_view key;
  if (submission.idempotency) key = submission.idempotency->key;
  if (caller == nullptr || HoldsKey(submission.queue, caller, key)) return Ok();
  const auto seconds = caller->TakeJob(SteadyClock::now());
  return seconds ? TooMany(submission.queue, *caller, *seconds) : Ok();
}

Status Admission::TooMany(QueueIndex queue, const Caller& caller, int seconds) {
  metrics_.OnRejected(queue, Rejection::kQuota);
  return Error{ErrorCode::kOverloaded, "quota-rate",
               fmt::format("the key lets in {} jobs a minute; come back after Retry-After seconds",
                           caller.per_minute()),
               "", seconds};
}

Error Admission::TenantFull(QueueIndex queue) {
  metrics_.OnRejected(queue, Rejection::kQuota);
  return {ErrorCode::kOverloaded, "quota-waiting",
          fmt::format("as many jobs of yours wait in queue '{}' as may; come back after "
                      "Retry-After seconds",
                      queues()[queue].options.name),
          "", NextEnd(queue)};
}

// Kept results may hold half of the budget: the rest is for those who wait for theirs.
Status Admission::CheckResults(QueueIndex queue) {
  if (ledger_ == nullptr || ledger_->Used(MemoryUse::kResults) <= ledger_->budget() / 2)
    return Ok();
  metrics_.OnRejected(queue, Rejection::kResults);
  return Error{ErrorCode::kOverloaded,
               "results",
               "the service keeps as many results as it may; fetch and delete those you have, wait "
               "for this one on the connection, or come back after Retry-After seconds",
               {},
               RetryAfter(queue)};
}

Status Admission::CheckType(QueueIndex queue, std::string_view media_type) const {
  const ServiceQueue& target = queues()[queue];
  if (TakesType(*target.handler, media_type)) return Ok();
  return WrongType(target);
}

Status Admission::ChargeUpload(QueueIndex queue, std::uint64_t received,
                               std::optional<std::uint64_t> length, Ledger::Charge& charge) {
  if (ledger_ == nullptr || received <= charge.bytes()) return Ok();
  const std::uint64_t budget = ledger_->budget();
  if (received > budget) return TooLong();
  const std::uint64_t most = std::clamp(length.value_or(budget), received, budget);
  const std::uint64_t wanted =
      std::clamp<std::uint64_t>(charge.bytes() + kUploadStep, received, most);
  const auto more = static_cast<std::size_t>(wanted - charge.bytes());
  if (charge.Grow(more)) return Ok();
  if (charge.bytes() != 0) return NoMemory(queue);
  auto first = ledger_->TryCharge(MemoryUse::kUploads, more);
  if (!first) return NoMemory(queue);
  charge = *std::move(first);
  return Ok();
}

// Moves the upload's charge to the payload, or charges it now.
Status Admission::ChargePayload(Submission& submission) {
  const std::size_t size = submission.payload.size();
  if (ledger_ == nullptr || size == 0) return Ok();
  if (submission.charge.bytes() == 0) {
    auto charge = ledger_->TryCharge(MemoryUse::kPayloads, size);
    if (!charge) return NoMemory(submission.queue);
    submission.charge = *std::move(charge);
  }
  submission.charge.MoveTo(MemoryUse::kPayloads);
  submission.payload.Hold(std::move(submission.charge));
  return Ok();
}

Deadline Admission::DeadlineOf(QueueIndex queue, SteadyTime started,
                               std::optional<std::chrono::milliseconds> request_timeout) const {
  const auto most = queues()[queue].deadline;
  return Deadline::At(started + std::min(most, request_timeout.value_or(most)));
}

// 429 if the predicted wait alone takes longer.
Status Admission::CheckReach(QueueIndex queue, Deadline deadline) {
  const Seconds wait = PredictedWait(queue);
  if (wait <= deadline.time() - SteadyClock::now()) return Ok();
  metrics_.OnRejected(queue, Rejection::kDeadline);
  return Error{ErrorCode::kOverloaded,
               "deadline-out-of-reach",
               fmt::format("the job would wait about {:.0f} s, longer than Request-Timeout allows; "
                           "come back after Retry-After seconds",
                           std::ceil(wait.count())),
               {},
               RetryAfter(queue)};
}

// The same, if the client told how long it waits and that is not over yet.
Status Admission::CheckReach(const Submission& submission, Deadline deadline) {
  if (!submission.request_timeout || deadline.Passed()) return Ok();
  const auto whole = Deadline::At(submission.started + *submission.request_timeout);
  return CheckReach(submission.queue, submission.wait ? whole : deadline);
}

Expected<std::shared_ptr<QueuedJob>> Admission::MakeJob(Submission submission) {
  const ServiceQueue& target = queues()[submission.queue];
  if (target.handler->needs_payload && submission.payload.size() == 0) {
    return Error{
        ErrorCode::kUnprocessable,
        "empty-payload",
        "the request has no payload; send the document as the body, or as a file in a form",
        {}};
  }
  auto params = ValidateParams(*target.handler, submission.params, submission.query_params);
  if (!params) return std::move(params).error();
  const Deadline deadline =
      DeadlineOf(submission.queue, submission.started, submission.request_timeout);
  if (auto reached = CheckReach(submission, deadline); !reached) return std::move(reached).error();
  if (auto charged = ChargePayload(submission); !charged) return std::move(charged).error();
  if (auto let_in = TakeQuota(submission); !let_in) return std::move(let_in).error();

  auto job = std::make_shared<QueuedJob>();
  job->id = NewJobId(engine_.TagOf(submission.queue));
  job->queue = submission.queue;
  job->queue_name = target.options.name;
  job->payload = std::move(submission.payload);
  // One that nobody could read or pass on counts as none: clients send the oddest things.
  if (ValidMediaType(submission.media_type, kMaxPayloadType)) {
    job->media_type = std::move(submission.media_type);
  }
  job->params = *std::move(params);
  job->accepted_at = SteadyClock::now();
  job->deadline = deadline;
  job->traceparent = std::move(submission.traceparent);
  job->tracestate = std::move(submission.tracestate);
  if (submission.caller) {
    job->tenant = submission.caller->tenant();
    job->max_waiting = submission.caller->max_waiting();
  }
  // Where nobody is told apart, everybody would be the most urgent.
  if (submission.caller || trust_priority_) job->urgency = submission.urgency;
  job->client_place = std::move(submission.client_place);
  if (submission.wait || submission.idempotency) Keep(submission, target, *job);
  return job;
}

// The payload's size is known from the job.
void Admission::Keep(Submission& submission, const ServiceQueue& target, QueuedJob& job) {
  job.kept = true;
  job.accepted = UtcNow();
  job.payload_size = job.payload.size();
  job.idempotency = std::move(submission.idempotency);
  job.webhook_url = std::move(submission.webhook_url);
  if (job.webhook_url.empty()) job.webhook_url = target.webhook_url;
  // One that its client waits for ends with that; its key may bring others, who do not.
  const auto own = submission.wait ? submission.request_timeout : std::nullopt;
  const auto most = target.async_deadline;
  job.expires = Deadline::At(submission.started + std::min(most, own.value_or(most)));
}

Error Admission::TooLong() const {
  return {ErrorCode::kPayloadTooLarge,
          "payload-too-large",
          fmt::format("the body may have at most {}", FormatSize(MostBytes())),
          {}};
}

Error Admission::Full(QueueIndex queue) {
  metrics_.OnRejected(queue, Rejection::kFull);
  const QueueOptions& full = queues()[queue].options;
  return {ErrorCode::kOverloaded,
          "queue-full",
          fmt::format("queue '{}' holds all the {} jobs that it may; come back after Retry-After "
                      "seconds",
                      full.name, full.workers + full.capacity),
          {},
          RetryAfter(queue)};
}

Error Admission::NoMemory(QueueIndex queue) {
  metrics_.OnRejected(queue, Rejection::kMemory);
  return {ErrorCode::kOverloaded,
          "memory-budget-spent",
          "the service holds as many bytes as it may; come back after Retry-After seconds",
          {},
          RetryAfter(queue)};
}

Error Admission::Refused(QueueIndex queue, PushResult pushed) {
  switch (pushed) {
    case PushResult::kFull:
      return Full(queue);
    case PushResult::kTenantFull:
      return TenantFull(queue);
    case PushResult::kConflict:
      return KeyConflict();
    case PushResult::kManyKeys:
      metrics_.OnRejected(queue, Rejection::kQuota);
      return ManyKeys(NextEnd(queue));
    case PushResult::kDown:
      return EngineDown();
    case PushResult::kAccepted:
    case PushResult::kExisting:
    case PushResult::kClosed:
      break;
  }
  metrics_.OnRejected(queue, Rejection::kDraining);
  return Draining();
}

void Admission::OnFinished(QueueIndex queue) {
  retry_after_[queue]->OnFinished(SteadyClock::now(), engine_.Figures(queue).waiting > 0);
}

int Admission::RetryAfter(QueueIndex queue) {
  return retry_after_[queue]->Promise(SteadyClock::now(), RandomShare());
}

int Admission::NextEnd(QueueIndex queue) const {
  constexpr double kMost = 300;
  return static_cast<int>(std::clamp(std::ceil(1 / DrainRate(queue)), 1.0, kMost));
}

double Admission::DrainRate(QueueIndex queue) const { return retry_after_[queue]->DrainRate(); }

}  // namespace headrace
