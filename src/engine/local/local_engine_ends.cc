// How jobs, and their attempts, end in an engine of one process.
#include <cassert>
#include <chrono>
#include <memory>
#include <utility>

#include "engine/local/local_engine.h"
#include "engine/records.h"

namespace headrace {
namespace {

// An outcome that could not be saved is tried again after so long, until it can.
constexpr std::chrono::seconds kSaveAgain{1};
// The same of a job that could not begin.
constexpr std::chrono::seconds kBeginAgain{1};

auto IsAttempt(std::uint32_t attempt) {
  return [attempt](const JobPtr& job) { return job->attempt == attempt; };
}

void Ignore(const Status& /*status*/) {}

}  // namespace

std::size_t LocalEngine::Ending(JobState state) {
  assert(state >= JobState::kSucceeded);
  return static_cast<std::size_t>(state) - static_cast<std::size_t>(JobState::kSucceeded);
}

// The job waits a moment before its attempt. False: it is not to have one any more.
bool LocalEngine::PutOff(const JobPtr& job) {
  Queue& queue = *queues_[job->queue];
  if (!queue.Return(job->id, job, true, IsAttempt(job->attempt))) return false;
  timer_.Schedule(Deadline::After(kBeginAgain), [&queue, id = job->id] { queue.Open(id); });
  return true;
}

// Bytes that are lost fail the job; those that cannot be read now are asked for again later.
void LocalEngine::OnNoPayload(const JobPtr& job, const Error& error) {
  if (error.code != ErrorCode::kNotFound && PutOff(job)) return;
  const Outcome outcome = PayloadLost(error);
  const auto finished =
      queues_[job->queue]->Finish(job->id, Ending(outcome.state), IsAttempt(job->attempt));
  if (!finished) return;
  if (finished.settled) {  // its end dropped the bytes
    AwaitEnd(job->id, [this, job](const Outcome& saved) { Tell(job, saved); });
  } else {
    End(job, outcome, [this, job, outcome] { Tell(job, outcome); });
  }
}

void LocalEngine::Finish(std::string_view id, std::uint32_t attempt, const Outcome& outcome,
                         Ended done) {
  Queue* const queue = Find(id);
  JobPtr job;
  Queue::Finished finished;
  if (queue != nullptr) {
    finished = queue->Finish(id, Ending(outcome.state), [&](const JobPtr& running) {
      if (running->attempt != attempt) return false;
      job = running;
      return true;
    });
  }
  if (!finished || !job->kept) {
    done(finished.ended);
  } else if (finished.settled) {
    AwaitEnd(job->id, [done = std::move(done)](const Outcome&) { done(true); });
  } else {
    End(job, outcome, [done = std::move(done)] { done(true); });
  }
}

// A kept job that has left its queue, or whose end is settled. `done` comes once that is saved,
// `unsaved` before it if that cannot be at once.
void LocalEngine::End(const JobPtr& job, const Outcome& outcome, std::function<void()> done,
                      std::function<void()> unsaved) {
  Disarm(job->id);
  JobEnd end;
  end.outcome = outcome;
  end.ended = UtcNow();
  end.keep = terms_[job->queue]->result_ttl.load();
  // A deadline has given the key free already, whatever the job came to.
  end.frees_key = FreesKey(outcome) || job->cancel.reason() == CancelReason::kDeadline;
  end.tells_webhook = !job->webhook_url.empty();
  if (job->idempotency) {
    if (end.frees_key) {
      keys_.Free(KeyOf(*job), job->id);
    } else {
      keys_.HoldUntil(KeyOf(*job), job->id, SteadyClock::now() + end.keep);
    }
  }
  Save(job->id, end, std::move(done), std::move(unsaved));
}

// Until it is saved it is tried again: it was worked for.
void LocalEngine::Save(const std::string& id, const JobEnd& end, std::function<void()> done,
                       std::function<void()> unsaved) {
  store_->End(
      id, end,
      [this, id, end, done = std::move(done), unsaved = std::move(unsaved)](const Status& saved) {
        if (saved) {
          if (end.tells_webhook) TellDelivery(id);
          done();
          return;
        }
        if (unsaved) unsaved();
        timer_.Schedule(Deadline::After(kSaveAgain),
                        [this, id, end, done] { Save(id, end, done, nullptr); });
      });
}

// Tells the end of a job once it is saved, which another call sees to.
void LocalEngine::AwaitEnd(const std::string& id, std::function<void(const Outcome&)> saved) {
  store_->Load(id, PartBytes::None(), [this, id, saved = std::move(saved)](auto loaded) {
    if (loaded && (!*loaded || (*loaded)->end)) {
      saved(*loaded ? (*loaded)->end->outcome : Outcome{});
      return;
    }
    timer_.Schedule(Deadline::After(kSaveAgain), [this, id, saved] { AwaitEnd(id, saved); });
  });
}

bool LocalEngine::Release(std::string_view id, std::uint32_t attempt) {
  Queue* const queue = Find(id);
  auto found = queue == nullptr ? std::nullopt : queue->Find(id);
  if (!found) return false;
  const JobPtr job = found->item;
  if (!queue->Return(id, job, false, IsAttempt(attempt))) return false;
  if (job->kept) store_->Return(id, attempt - 1, SteadyTime::min(), job->last_error, Ignore);
  return true;
}

bool LocalEngine::Retry(std::string_view id, std::uint32_t attempt, SteadyTime not_before,
                        const Error& error) {
  Queue* const queue = Find(id);
  auto found = queue == nullptr ? std::nullopt : queue->Find(id);
  if (!found || !found->item->kept) return false;
  auto next = std::make_shared<QueuedJob>(*found->item);
  next->attempt = attempt + 1;
  next->waits_since = SteadyClock::now();
  next->last_error = error;
  next->progress = {};
  if (LeftToStore(*next)) next->payload = {};
  if (!queue->Return(id, std::move(next), true, IsAttempt(attempt))) return false;
  store_->Return(id, attempt, not_before, error, Ignore);
  timer_.Schedule(Deadline::At(not_before), [queue, id = std::string(id)] { queue->Open(id); });
  return true;
}

// Whoever deletes it is not kept waiting until the disk works again.
void LocalEngine::EndCancelled(const JobPtr& job, const Outcome& outcome, CancelResult result,
                               const Cancelled& done) {
  const auto answered = std::make_shared<bool>(false);
  std::function<void()> unsaved;
  if (job->cancel.reason() == CancelReason::kDeleted) {
    unsaved = [answered, done] {
      *answered = true;
      done(CancelResult::kUnsaved);
    };
  }
  const auto saved = [this, job, outcome, result, answered, done] {
    if (!*answered) return done(result);
    if (result == CancelResult::kRemoved) Tell(job, outcome);
  };
  End(job, outcome, saved, std::move(unsaved));
}

// Whoever cancels a kept job that runs is told that it is cancelled, so it ends now, in the store,
// and stays so after a crash. It keeps its place until its worker is done with it. Of a deadline
// nobody is told: the worker says what came of it.
void LocalEngine::Cancel(std::string_view id, CancelReason reason, const Outcome& outcome,
                         Cancelled done) {
  Queue* const queue = Find(id);
  const auto found = queue == nullptr ? std::nullopt : queue->Find(id);
  if (!found) {
    done(CancelResult::kUnknown);
    return;
  }
  const JobPtr& job = found->item;
  // The token first: whoever claims the job in between sees it and does not run it.
  CancelToken token = job->cancel;
  token.Cancel(reason);
  const bool settles = job->kept && reason != CancelReason::kDeadline;
  const auto stage = queue->Remove(id, Ending(outcome.state), settles);
  const bool runs = stage == Queue::Stage::kRunning;
  const auto result = runs ? CancelResult::kSignalled : CancelResult::kRemoved;
  if (!stage) {
    done(CancelResult::kUnknown);
  } else if (job->kept && (settles || !runs)) {
    Outcome timed = outcome;
    timed.timings = TimingsSoFar(*job, runs);
    EndCancelled(job, timed, result, done);
  } else {
    // Who comes with its key from now on wants it done, not cancelled.
    if (job->idempotency) keys_.Free(KeyOf(*job), job->id);
    done(result);
  }
}

}  // namespace headrace
