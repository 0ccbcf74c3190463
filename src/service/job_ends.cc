// How jobs end, and who is told of it.

#include <memory>
#include <utility>

#include "base/log.h"
#include "base/random_share.h"
#include "engine/records.h"
#include "service/endings.h"
#include "service/job_service.h"
#include "service/job_service_impl.h"
#include "tracing/job_spans.h"

namespace headrace {
namespace {

// An attempt that took too long is a failure; it is the job that expires.
void JudgeRunTimeout(const QueuedJob& job, Outcome& outcome) {
  if (!job.kept || outcome.state != JobState::kExpired || job.expires.Passed()) return;
  outcome.state = JobState::kFailed;
  outcome.error = RunTimeout();
}

// Of a job that waits, as far as the engine has it in memory.
Seconds WaitSoFar(const JobStatus& status) {
  const bool waits = status.record.state == JobState::kWaiting;
  if (!waits || status.accepted_at == SteadyTime::min()) return Seconds(0);
  return SteadyClock::now() - status.accepted_at;
}

}  // namespace

// A job that waits, and how it ends if no worker is faster.
struct JobService::Impl::Unclaimed {
  std::shared_ptr<QueuedJob> job;
  Outcome outcome;
};

void JobService::Impl::End(const std::string& id, CancelReason reason, const Outcome& outcome,
                           Engine::Cancelled done) {
  if (tracer != nullptr) return EndTraced(id, reason, outcome, std::move(done));
  EndIn(id, reason, outcome, nullptr, std::move(done));
}

void JobService::Impl::EndTraced(const std::string& id, CancelReason reason, const Outcome& outcome,
                                 Engine::Cancelled done) {
  engine.Get(id, PartBytes::None(), [=, this, done = std::move(done)](auto found) mutable {
    const auto queue = engine.QueueOf(id);
    if (!found || !*found || !queue) return EndIn(id, reason, outcome, nullptr, std::move(done));
    const JobStatus& status = **found;
    auto unclaimed =
        std::make_shared<Unclaimed>(Unclaimed{JobOf(status.record.job, *queue), outcome});
    unclaimed->job->accepted_at = status.accepted_at;
    unclaimed->job->waits_since = status.waits_since;
    EndIn(id, reason, outcome, unclaimed, std::move(done));
  });
}

// Ends the job in the engine. The worker tells the end of one that runs, nobody else that of one
// that waits.
void JobService::Impl::EndIn(const std::string& id, CancelReason reason, const Outcome& outcome,
                             const std::shared_ptr<const Unclaimed>& unclaimed,
                             Engine::Cancelled done) {
  const bool expired = outcome.state == JobState::kExpired;
  engine.Cancel(id, reason, outcome, [=, this, done = std::move(done)](CancelResult result) {
    if (result == CancelResult::kRemoved) TellUnrun(id, reason, expired, unclaimed.get());
    if (result == CancelResult::kRemoved || result == CancelResult::kSignalled) TellChange(id);
    done(result);
  });
  // Its key is free now, also where its end is still being saved.
  for (const auto& again : waiters.Ended(id)) again();
}

void JobService::Impl::TellUnrun(const std::string& id, CancelReason reason, bool expired,
                                 const Unclaimed* unclaimed) {
  const auto queue = engine.QueueOf(id);
  LogInfo("job ended unrun", {{"job_id", id},
                              {"queue", queue ? admission.queues()[*queue].options.name : ""},
                              {"outcome", expired ? "expired" : "cancelled"},
                              {"reason", Name(reason)}});
  if (unclaimed == nullptr) return;
  JobSpans(tracer, *unclaimed->job).RecordWait(SteadyClock::now(), &unclaimed->outcome);
}

// Of a job that the engine has in memory it tells within the call; of one whose end is being saved
// later, on a thread of its store's.
void JobService::Impl::OnDeadline(const std::string& id, const Waiter* waiter) {
  auto taken = waiters.Leave(id, waiter);
  if (!taken) return;
  engine.Get(id, PartBytes::None(), [this, id, taken = *std::move(taken)](auto found) {
    Expire(id, taken, found && *found ? WaitSoFar(**found) : Seconds(0));
  });
}

void JobService::Impl::Expire(const std::string& id, const Waiters::Taken& taken, Seconds waited) {
  Outcome outcome = Expired();
  outcome.timings.wait = waited;
  if (taken.EndsJob()) End(id, CancelReason::kDeadline, outcome, [](CancelResult) {});
  taken.entry.waiter->Deliver(id, std::move(outcome));
}

void JobService::Impl::OnWaited(const std::string& id, const std::shared_ptr<Waiter>& waiter) {
  engine.Get(id, PartBytes::None(), [this, id, waiter](Expected<std::optional<JobStatus>> found) {
    if (!found || !*found) {
      if (!waiters.Take(id, waiter.get())) return;
      Outcome lost;
      lost.error = found ? NoSuchJob() : found.error();
      waiter->Deliver(id, std::move(lost));
    } else if (waiters.TakeAcknowledged(id, waiter.get())) {
      waiter->GoesOn(**std::move(found));
    }
  });
}

void JobService::Impl::Deliver(const std::string& id, Outcome outcome) {
  while (auto taken = waiters.TakeAny(id)) {
    timer.Cancel(taken->entry.deadline);
    if (taken->last) return taken->entry.waiter->Deliver(id, std::move(outcome));
    taken->entry.waiter->Deliver(id, outcome);
  }
}

void JobService::Impl::TellChange(const std::string& id) {
  if (!watches.Any(id)) return;
  engine.Get(id, PartBytes::None(), [this, id](Expected<std::optional<JobStatus>> found) {
    if (found && *found) {
      watches.Tell(id, std::make_shared<const JobStatus>(**std::move(found)));
    }
  });
}

// What a stop cut waits on the disk for the next process.
bool JobService::Impl::GiveBack(const QueuedJob& job) {
  if (!engine.Release(job.id, job.attempt)) return false;
  LogInfo("job given back", {{"job_id", job.id}, {"queue", job.queue_name}});
  return true;
}

// The job waits again, if this attempt's end is not the job's.
bool JobService::Impl::TriedAgain(const QueuedJob& job, Outcome& outcome) {
  if (!job.kept) return false;
  const bool undone = outcome.state == JobState::kCancelled || outcome.state == JobState::kExpired;
  if (job.cancel.reason() == CancelReason::kShutdown && undone &&
      engine.durability() != Durability::kProcess) {
    return GiveBack(job);
  }
  const ServiceQueue& queue = admission.queues()[job.queue];
  if (job.cancel.Cancelled() || job.attempt >= queue.options.max_attempts ||
      !WorthRetry(queue.retries, outcome)) {
    return false;
  }
  const auto delay = RetryDelay(queue.retries, job.attempt, RandomShare());
  if (Deadline::After(delay) >= job.expires) return false;
  LogInfo("job is tried again", {{"job_id", job.id},
                                 {"queue", job.queue_name},
                                 {"attempt", job.attempt},
                                 {"delay_seconds", Seconds(delay).count()},
                                 {"type", outcome.error->type}});
  return engine.Retry(job.id, job.attempt, SteadyClock::now() + delay, *outcome.error);
}

void JobService::Impl::Conclude(const JobPtr& job, Outcome outcome) {
  if (job->cancel.reason() == CancelReason::kDeleted) {  // its client was told so
    const JobTimings timings = outcome.timings;
    outcome = Cancelled();
    outcome.timings = timings;
  }
  // Of a job that nobody wants any more nothing is kept.
  if (job->kept || !job->cancel.Cancelled()) {
    for (ResultPart& part : outcome.parts) results.Keep(part);
  }
  const auto shared = std::make_shared<Outcome>(std::move(outcome));
  engine.Finish(job->id, job->attempt, *shared, [this, job, shared](bool ended) {
    if (!ended) return;
    admission.OnFinished(job->queue);
    Deliver(job->id, std::move(*shared));
    if (job->kept) TellChange(job->id);
  });
}

void JobService::OnStarted(const QueuedJob& job) {
  if (job.kept) impl_->TellChange(job.id);
}

void JobService::OnRan(const JobPtr& job, Outcome outcome) {
  JudgeRunTimeout(*job, outcome);
  if (impl_->TriedAgain(*job, outcome)) {
    impl_->TellChange(job->id);
  } else {
    impl_->Conclude(job, std::move(outcome));
  }
}

void JobService::Abandon(std::string_view job_id, const Waiter& waiter) {
  auto taken = impl_->waiters.Leave(job_id, &waiter);
  if (!taken) return;
  impl_->timer.Cancel(taken->entry.deadline);
  if (!taken->EndsJob()) return;
  impl_->End(std::string(job_id), CancelReason::kDisconnected, ClientGone(), [](CancelResult) {});
}

void JobService::Cancel(const JobRef& job, Told done) { impl_->Cancel(job, true, std::move(done)); }

void JobService::Impl::Cancel(const JobRef& job, bool again, Told done) {
  engine.Get(job.id, PartBytes::None(), [=, this, done = std::move(done)](auto found) mutable {
    if (!found) return done(std::move(found).error());
    if (!*found || !MaySee(job, **found)) return done(NoSuchJob());
    JobStatus status = **std::move(found);
    if (!status.record.end) return CancelUnfinished(status, again, std::move(done));
    engine.DropResult(job.id, [status, done = std::move(done)](const Status& dropped) mutable {
      status.record.result_dropped = true;
      dropped ? done(std::move(status)) : done(dropped.error());
    });
  });
}

// The waiters are taken before the job is cancelled, here as in CancelAll: else the worker that
// sees the cancelled token could answer first, in its own words.
void JobService::Impl::CancelUnfinished(const JobStatus& status, bool again, Told done) {
  const std::string& id = status.record.job.id;
  waiters.Close(id);  // who comes with its key from now on has not deleted anything
  if (status.accepted_at != SteadyTime::min()) Deliver(id, Cancelled());  // the engine has it
  End(id, CancelReason::kDeleted, Cancelled(),
      [this, again, status = JobStatus(status),
       done = std::move(done)](CancelResult result) mutable {
        if (result == CancelResult::kUnsaved) return done(NotNow());
        // It has ended meanwhile, and of a kept one there is more to say; or its end is being saved
        // by another call, or its queue is not served by this process.
        if (result == CancelResult::kUnknown && status.kept) {
          if (!again) return done(NotNow());
          const KeptJob& job = status.record.job;
          return Cancel({job.id, job.tenant}, false, std::move(done));
        }
        status.record.state = JobState::kCancelled;
        done(std::move(status));
      });
}

std::size_t JobService::CancelAll() {
  std::size_t cut = 0;
  const bool survives = impl_->engine.durability() != Durability::kProcess;
  if (survives) impl_->engine.StopClaims();
  for (const JobPtr& job : impl_->engine.Unfinished()) {
    const bool goes_on = job->kept && survives;
    // Of one whose client has been answered, or is gone, nobody is cut.
    const bool promised = job->kept && !survives;
    if (impl_->CutOff(*job, goes_on) || promised) ++cut;
  }
  return cut;
}

// Returns whether somebody was told that the job will not end.
bool JobService::Impl::CutOff(const QueuedJob& job, bool goes_on) {
  bool told = false;
  // The waiters first, as in CancelUnfinished.
  if (!goes_on) waiters.Close(job.id);
  while (auto taken = waiters.TakeAny(job.id)) {
    const Waiters::Entry& entry = taken->entry;
    timer.Cancel(entry.deadline);
    if (goes_on && entry.may_go_on) {
      entry.waiter->GoesOn(StatusOf(job, JobState::kWaiting, 0));
    } else {
      entry.waiter->Deliver(job.id, ShutDown());
      told = true;
    }
  }
  CancelToken token = job.cancel;
  if (goes_on) {
    token.Cancel(CancelReason::kShutdown);  // its worker, if it has one, gives it back
  } else {
    End(job.id, CancelReason::kShutdown, ShutDown(), [](CancelResult) {});
  }
  return told;
}

}  // namespace headrace
