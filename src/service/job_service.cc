#include "service/job_service.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/job_id.h"
#include "base/log.h"
#include "engine/records.h"
#include "service/endings.h"
#include "service/job_service_impl.h"
#include "tracing/job_spans.h"

namespace headrace {
namespace {

// Of a job that is not there, or has ended.
Outcome ToldOutcome(Expected<std::optional<JobStatus>> found) {
  Outcome outcome;
  if (!found || !*found) {
    outcome.error = found ? NoSuchJob() : found.error();
  } else if ((*found)->record.result_dropped) {
    outcome.error = Gone();
  } else {
    outcome = std::move((*found)->record.end->outcome);
  }
  return outcome;
}

}  // namespace

JobService::Impl::Impl(Options the_options, Engine& the_engine, Metrics& metrics)
    : admission({std::move(the_options.queues), the_options.max_body, the_options.ledger,
                 the_options.trust_priority},
                the_engine, metrics),
      results(the_options.ledger, the_options.spool),
      webhooks(std::move(the_options.webhooks)),
      tracer(the_options.tracer),
      engine(the_engine),
      watches([this](const std::string& id, Engine::Found found) {
        engine.Get(id, PartBytes::None(), std::move(found));
      }) {
  engine.OnEnded([this](const JobPtr& job, const Outcome& outcome) {
    JobSpans(tracer, *job).RecordWait(SteadyClock::now(), &outcome);
    Deliver(job->id, outcome);
    TellChange(job->id);
  });
}

std::function<void(ResultPart)> JobService::Impl::PartsTo(std::shared_ptr<Waiter> waiter) const {
  return [this, waiter = std::move(waiter)](ResultPart part) {
    results.Keep(part);
    waiter->DeliverPart(std::move(part));
  };
}

void JobService::Impl::OnAccepted(const JobPtr& job, const std::shared_ptr<Waiter>& waiter,
                                  std::optional<std::chrono::milliseconds> wait) {
  LogDebug(
      "job accepted",
      {{"job_id", job->id}, {"queue", job->queue_name}, {"payload_bytes", job->payload.size()}});
  Arm({job, &job->id}, job->deadline, waiter, wait);
}

// When the waiter is told that the job goes on, or, if it waits for the outcome only, that there is
// none in time.
void JobService::Impl::Arm(const std::shared_ptr<const std::string>& id, Deadline deadline,
                           const std::shared_ptr<Waiter>& waiter,
                           std::optional<std::chrono::milliseconds> wait) {
  if (wait && wait->count() == 0) return OnWaited(*id, waiter);
  const auto ticket =
      wait ? timer.Schedule(Deadline::After(*wait), [this, id, waiter] { OnWaited(*id, waiter); })
           : timer.Schedule(deadline, [this, id, waiter] { OnDeadline(*id, waiter.get()); });
  if (!waiters.SetDeadline(*id, waiter.get(), ticket)) timer.Cancel(ticket);  // it was told already
}

// Who comes with the key of a job whose last client is leaving comes again once that is ended: it
// shall not be told of a cancellation that it has not asked for.
void JobService::Impl::Push(const JobPtr& job, const std::shared_ptr<Waiter>& waiter,
                            std::optional<std::chrono::milliseconds> wait, Submitted done) {
  // Before the push: a worker may have finished the job before Push returns.
  waiters.Put(job->id, {waiter, {}, false, wait.has_value()});
  engine.Push(job, [=, this, done = std::move(done)](const PushAnswer& answer) {
    if (answer.result == PushResult::kAccepted) {
      done(job->id);
      return OnAccepted(job, waiter, wait);
    }
    waiters.Take(job->id, waiter.get());
    if (answer.result != PushResult::kExisting)
      return done(admission.Refused(job->queue, answer.result));
    done(answer.id);
    if (waiters.Join(answer.id, {waiter, {}, true, wait.has_value()},
                     [=, this] { Push(job, waiter, wait, done); })) {
      OnExisting(job, answer.id, waiter, wait, done);
    }
  });
}

// The key's job may have ended, before its new waiter was known or after it: whoever takes the
// waiter out tells it. An end that gave the key free was not to be found with it.
void JobService::Impl::OnExisting(const JobPtr& job, const std::string& id,
                                  const std::shared_ptr<Waiter>& waiter,
                                  std::optional<std::chrono::milliseconds> wait,
                                  const Submitted& done) {
  engine.Get(id, PartBytes::OfAll(), [=, this](Expected<std::optional<JobStatus>> found) {
    const bool there = found.ok() && found->has_value();
    if (there && !(*found)->record.end) {
      return Arm(std::make_shared<const std::string>(id), job->deadline, waiter, wait);
    }
    if (!waiters.Take(id, waiter.get())) return;
    if (there && FreesKey((*found)->record.end->outcome)) return Push(job, waiter, wait, done);
    waiter->Deliver(id, ToldOutcome(std::move(found)));
  });
}

JobService::JobService(Options options, Engine& engine, Metrics& metrics)
    : impl_(std::make_unique<Impl>(std::move(options), engine, metrics)) {}

JobService::~JobService() { impl_->engine.OnEnded(nullptr); }

const std::vector<ServiceQueue>& JobService::queues() const { return impl_->admission.queues(); }

std::optional<QueueIndex> JobService::FindQueue(std::string_view name) const {
  const std::vector<ServiceQueue>& queues = this->queues();  // once: a reload brings others
  const auto at = std::find_if(queues.begin(), queues.end(), [&](const ServiceQueue& queue) {
    return queue.options.name == name;
  });
  if (at == queues.end()) return std::nullopt;
  return static_cast<QueueIndex>(at - queues.begin());
}

Status JobService::Precheck(QueueIndex queue, const Intake& intake) {
  return impl_->admission.Precheck(queue, intake);
}

Status JobService::CheckType(QueueIndex queue, std::string_view media_type) const {
  return impl_->admission.CheckType(queue, media_type);
}

Status JobService::CheckWebhook(std::string_view url) const {
  return CheckWebhookUrl(url, impl_->webhooks);
}

Status JobService::ChargeUpload(QueueIndex queue, std::uint64_t received,
                                std::optional<std::uint64_t> length, Ledger::Charge& charge) {
  return impl_->admission.ChargeUpload(queue, received, length, charge);
}

Deadline JobService::DeadlineOf(QueueIndex queue, SteadyTime started,
                                std::optional<std::chrono::milliseconds> request_timeout) const {
  return impl_->admission.DeadlineOf(queue, started, request_timeout);
}

// What a waiter gets while the job runs cannot be kept for others.
void JobService::Submit(Submission submission, const std::shared_ptr<Waiter>& waiter,
                        Submitted done) {
  const QueueIndex queue = submission.queue;
  if (!Admitting()) return done(impl_->admission.Refused(queue, PushResult::kClosed));
  const bool wants_parts = submission.wants_parts;
  const auto wait = submission.wait;
  auto wants_pieces = std::move(submission.wants_pieces);
  auto made = impl_->admission.MakeJob(std::move(submission));
  if (!made) return done(std::move(made).error());
  if (!(*made)->kept) {
    if (wants_parts) (*made)->on_part = impl_->PartsTo(waiter);
    if (wants_pieces) (*made)->pieces = {std::move(wants_pieces), impl_->PartsTo(waiter)};
  }
  const JobPtr job = *std::move(made);
  impl_->Push(job, waiter, wait, std::move(done));
}

void JobService::Watch(const JobRef& job, std::weak_ptr<JobWatcher> watcher) {
  impl_->watches.Add(job, std::move(watcher));
}

void JobService::List(const RecordFilter& filter, Listed done) {
  impl_->engine.List(filter, std::move(done));
}

// Whether there was such a job once is not known any more; its id says when that was. Another
// tenant's is answered so, too: else the answer would tell that it is there.
void JobService::GetStatus(const JobRef& job, const PartBytes& bytes, Told done) {
  impl_->engine.Get(job.id, bytes, [this, job, done = std::move(done)](auto found) mutable {
    if (!found) return done(std::move(found).error());
    if (*found && MaySee(job, **found)) return done(**std::move(found));
    const auto queue = impl_->engine.QueueOf(job.id);
    if (!queue) return done(NoSuchJob());
    const auto kept = queues()[*queue].options.result_ttl;
    const bool old = UtcNow() - TimeOfJobId(job.id) > kept;
    done(old ? Gone() : NoSuchJob());
  });
}

int JobService::RetryAfter(QueueIndex queue) { return impl_->admission.RetryAfter(queue); }

int JobService::NextEnd(QueueIndex queue) const { return impl_->admission.NextEnd(queue); }

double JobService::DrainRate(QueueIndex queue) const { return impl_->admission.DrainRate(queue); }

std::size_t JobService::ArmedDeadlines() const { return impl_->timer.Pending(); }

QueueFigures JobService::Figures(QueueIndex queue) const { return impl_->engine.Figures(queue); }

void JobService::Reload(std::vector<ServiceQueue> queues, std::size_t max_body) {
  impl_->admission.Reload(std::move(queues), max_body);
}

void JobService::Stop() {
  impl_->timer.Stop();
  impl_->watches.Stop();
}

Durability JobService::durability() const { return impl_->engine.durability(); }

void JobService::StopAdmitting() { impl_->admission.Stop(); }

bool JobService::Admitting() const { return impl_->admission.Admitting(); }

}  // namespace headrace
