#include "service/job_service.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "base/job_id.h"
#include "base/timer.h"
#include "service/admission.h"
#include "service/endings.h"
#include "service/result_store.h"
#include "service/waiters.h"

namespace headrace {

struct JobService::Impl {
  Impl(Options the_options, Engine& the_engine, Metrics& metrics)
      : admission({std::move(the_options.queues), the_options.max_body, the_options.ledger},
                  the_engine, metrics),
        results(the_options.ledger, the_options.spool),
        engine(the_engine) {}

  // Ends the job in the engine. The worker tells the end of one that runs, nobody else that of one
  // that waits.
  CancelResult End(std::string_view id, CancelReason reason) {
    const CancelResult result = engine.Cancel(id, reason);
    if (result == CancelResult::kRemoved) {
      spdlog::info("job ended unrun: job_id={} queue={} outcome={} reason={}", id,
                   admission.queues()[QueueOfJobId(id).value_or(0)].options.name,
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

  // Takes parts of a result, or pieces of one, to the waiter as they come.
  [[nodiscard]] std::function<void(ResultPart)> PartsTo(std::shared_ptr<Waiter> waiter) const {
    return [this, waiter = std::move(waiter)](ResultPart part) {
      results.Keep(part);
      waiter->DeliverPart(std::move(part));
    };
  }

  void Arm(const JobPtr& job) {
    const auto ticket = timer.Schedule(job->deadline, [this, job] { OnDeadline(job); });
    if (!waiters.SetDeadline(job->id, ticket)) timer.Cancel(ticket);  // it has ended already
  }

  Admission admission;
  const ResultStore results;
  Engine& engine;
  Waiters waiters;
  Timer timer;  // last: its callbacks use all above
};

JobService::JobService(Options options, Engine& engine, Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(options), engine, metrics)) {}

JobService::~JobService() = default;

const std::vector<ServiceQueue>& JobService::queues() const { return impl_->admission.queues(); }

std::optional<QueueIndex> JobService::FindQueue(std::string_view name) const {
  const auto at = std::find_if(queues().begin(), queues().end(), [&](const ServiceQueue& queue) {
    return queue.options.name == name;
  });
  if (at == queues().end()) return std::nullopt;
  return static_cast<QueueIndex>(at - queues().begin());
}

Status JobService::Precheck(QueueIndex queue, const Intake& intake) {
  return impl_->admission.Precheck(queue, intake);
}

Status JobService::CheckType(QueueIndex queue, std::string_view media_type) const {
  return impl_->admission.CheckType(queue, media_type);
}

Status JobService::ChargeUpload(QueueIndex queue, std::uint64_t received,
                                std::optional<std::uint64_t> length, Ledger::Charge& charge) {
  return impl_->admission.ChargeUpload(queue, received, length, charge);
}

Deadline JobService::DeadlineOf(QueueIndex queue, SteadyTime started,
                                std::optional<std::chrono::milliseconds> request_timeout) const {
  return impl_->admission.DeadlineOf(queue, started, request_timeout);
}

Expected<std::string> JobService::Submit(Submission submission, std::shared_ptr<Waiter> waiter) {
  const QueueIndex queue = submission.queue;
  if (!Admitting()) return impl_->admission.Refused(queue, PushResult::kClosed);
  const bool wants_parts = submission.wants_parts;
  auto wants_pieces = std::move(submission.wants_pieces);
  auto made = impl_->admission.MakeJob(std::move(submission));
  if (!made) return std::move(made).error();
  if (wants_parts) (*made)->on_part = impl_->PartsTo(waiter);
  if (wants_pieces) (*made)->pieces = {std::move(wants_pieces), impl_->PartsTo(waiter)};
  const JobPtr job = *std::move(made);
  // Before the push: a worker may have finished the job before Push returns.
  impl_->waiters.Put(job->id, {std::move(waiter), {}});
  const PushResult pushed = impl_->engine.Push(job);
  if (pushed != PushResult::kAccepted) {
    impl_->waiters.Take(job->id);
    return impl_->admission.Refused(queue, pushed);
  }
  spdlog::debug("job accepted: job_id={} queue={} payload={}B", job->id, job->queue_name,
                job->payload.size());
  impl_->Arm(job);
  return job->id;
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
  impl_->admission.OnFinished(job.queue);
  auto entry = impl_->waiters.Take(job.id);
  if (!entry) return;  // already answered, or gone
  impl_->timer.Cancel(entry->deadline);
  for (ResultPart& part : outcome.parts) impl_->results.Keep(part);
  entry->waiter->Deliver(job.id, std::move(outcome));
}

int JobService::RetryAfter(QueueIndex queue) { return impl_->admission.RetryAfter(queue); }

double JobService::DrainRate(QueueIndex queue) const { return impl_->admission.DrainRate(queue); }

std::size_t JobService::ArmedDeadlines() const { return impl_->timer.Pending(); }

QueueFigures JobService::Figures(QueueIndex queue) const { return impl_->engine.Figures(queue); }

void JobService::StopAdmitting() { impl_->admission.Stop(); }

bool JobService::Admitting() const { return impl_->admission.Admitting(); }

std::size_t JobService::CancelAll() {
  std::size_t cut = 0;
  for (const std::string& id : impl_->engine.Unfinished()) {
    const auto entry = impl_->waiters.Take(id);
    impl_->End(id, CancelReason::kShutdown);
    if (!entry) continue;  // its client has been answered, or is gone: nobody is cut
    impl_->timer.Cancel(entry->deadline);
    entry->waiter->Deliver(id, ShutDown());
    ++cut;
  }
  return cut;
}

}  // namespace headrace
