#include "world.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/job_id.h"
#include "manual_timer.h"

namespace headrace::model {
namespace {

using std::chrono::hours;

// Timers are told apart by their deadlines: outcomes are saved again within seconds, attempts
// begin again after an hour, and job N expires after kFirstExpiry + N hours.
constexpr int kRetryAfter = 1;
constexpr int kFirstExpiry = 10;

std::int64_t HoursTo(SteadyTime time) {
  return std::chrono::round<hours>(time - SteadyClock::now()).count();
}

const Payload& LargePayload() {
  static const Payload kPayload = Payload::FromString(std::string(70'000, 'x'));
  return kPayload;
}

Outcome OutcomeOf(JobState state) {
  Outcome outcome;
  outcome.state = state;
  if (state == JobState::kFailed) {
    outcome.error = Error{ErrorCode::kHandlerCrashed, "crash", "it crashed", "", 0};
  }
  return outcome;
}

// As the service has it (service/job_ends.cc): a worker that sees the token says why it stopped.
JobState Judge(const QueuedJob& job, JobState wanted) {
  switch (job.cancel.reason()) {
    case CancelReason::kNone:
      return wanted;
    case CancelReason::kDeadline:
      return JobState::kExpired;
    case CancelReason::kDisconnected:
    case CancelReason::kDeleted:
    case CancelReason::kShutdown:
      break;
  }
  return JobState::kCancelled;
}

}  // namespace

World::World(const Scenario& scenario, Choices& choices)
    : scenario_(scenario),
      choices_(choices),
      left_(scenario.depth),
      crashes_(scenario.crashes),
      failures_(scenario.failures),
      cancels_(scenario.cancels),
      preemptions_(scenario.preemptions),
      jobs_(scenario.jobs.size()) {
  for (Job& job : jobs_) job.id = NewJobId(0);
  choices_.Begin();
  Start();
}

World::~World() {
  exploring_ = false;
  store_->Crash([] { return false; });
}

void World::Start() {
  QueueOptions queue{"queue-0", workers_.size(), scenario_.capacity};
  queue.max_attempts = scenario_.max_attempts;
  auto store = std::make_unique<ModelStore>(disk_, scenario_.fault, [this] { Preempt(); });
  store_ = store.get();
  engine_ = std::make_unique<LocalEngine>(LocalEngine::Options{{queue}}, std::move(store));
  engine_->OnEnded([this](const JobPtr& job, const Outcome& outcome) {
    OnEnd(IndexOf(job->id), outcome.state);
  });
  nested_ = true;  // nobody else is there yet
  if (!engine_->Start()) Blame("the engine did not start");
  nested_ = false;
}

std::size_t World::IndexOf(const std::string& id) const {
  const auto at =
      std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& job) { return job.id == id; });
  return static_cast<std::size_t>(at - jobs_.begin());
}

std::vector<World::Action> World::Enabled() const {
  std::vector<Action> enabled;
  EnableClients(enabled);
  EnableWorkers(enabled);
  EnableWorld(enabled);
  return enabled;
}

void World::EnableClients(std::vector<Action>& enabled) const {
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    const Job& job = jobs_[i];
    if (!job.pushed) {
      enabled.push_back({Kind::kPush, i});
      break;
    }
    const bool known = job.acknowledged || (!job.answer && !job.answer_lost);
    if (cancels_ > 0 && known && !job.cancel_asked && !job.told) {
      enabled.push_back({Kind::kCancel, i});
    }
    if (scenario_.drops && job.told == JobState::kSucceeded && !job.drop_asked) {
      enabled.push_back({Kind::kDrop, i});
    }
  }
}

void World::EnableWorkers(std::vector<Action>& enabled) const {
  bool idle_seen = false;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    const Worker& worker = workers_[i];
    if (worker.busy) continue;
    if (scenario_.late && worker.lost) enabled.push_back({Kind::kLate, i});
    if (!worker.job) {
      // Those that are idle are the same. The bytes tell whether any waits that is not held back.
      const bool claims = !std::exchange(idle_seen, true) && engine_->Figures(0).waiting_bytes > 0;
      if (claims) enabled.push_back({Kind::kClaim, i});
      continue;
    }
    enabled.push_back({Kind::kSucceed, i});
    if (worker.judged) continue;
    if (scenario_.hesitates) enabled.push_back({Kind::kJudge, i});
    if (worker.job->cancel.Cancelled()) continue;
    if (scenario_.fails) enabled.push_back({Kind::kFail, i});
    if (scenario_.retries && worker.job->attempt < scenario_.max_attempts) {
      enabled.push_back({Kind::kRetry, i});
    }
    if (scenario_.releases) enabled.push_back({Kind::kRelease, i});
  }
}

void World::EnableWorld(std::vector<Action>& enabled) const {
  for (const std::size_t write : store_->Next()) {
    enabled.push_back({Kind::kCommit, write});
    if (failures_ > 0 && store_->CanFail(write)) enabled.push_back({Kind::kFailWrite, write});
  }
  for (std::size_t i = 0; i < ManualTimers::Pending(); ++i) {
    const bool expiry = HoursTo(ManualTimers::DeadlineOf(i)) >= kFirstExpiry;
    if (!expiry || scenario_.expires) enabled.push_back({Kind::kFire, i});
  }
  if (crashes_ > 0 && !nested_) enabled.push_back({Kind::kCrash, 0});
}

void World::Do(Action action) {
  trace_.push_back(action);
  switch (action.kind) {
    case Kind::kPush:
      return Push(action.which);
    case Kind::kCancel:
      return Cancel(action.which);
    case Kind::kDrop:
      return Drop(action.which);
    case Kind::kFire:
      return Fire(action.which);
    case Kind::kCommit:
      return store_->Commit(action.which);
    case Kind::kFailWrite:
      --failures_;
      return store_->Fail(action.which);
    case Kind::kCrash:
      return Crash();
    case Kind::kClaim:
    case Kind::kSucceed:
    case Kind::kFail:
    case Kind::kJudge:
    case Kind::kRetry:
    case Kind::kRelease:
    case Kind::kLate:
      return DoForWorker(action);
  }
}

void World::DoForWorker(Action action) {
  Worker& worker = workers_[action.which];
  worker.busy = true;
  if (action.kind == Kind::kClaim) Claim(worker);
  if (action.kind == Kind::kLate) Late(worker);
  if (action.kind == Kind::kSucceed) {
    Finish(worker, worker.judged.value_or(Judge(*worker.job, JobState::kSucceeded)));
  }
  if (action.kind == Kind::kFail) Finish(worker, JobState::kFailed);
  if (action.kind == Kind::kJudge) worker.judged = Judge(*worker.job, JobState::kSucceeded);
  if (action.kind == Kind::kRetry || action.kind == Kind::kRelease) {
    const JobPtr job = std::exchange(worker.job, nullptr);
    const Error error{ErrorCode::kUnavailable, "crash", "again", "", 0};
    const bool back =
        action.kind == Kind::kRelease
            ? engine_->Release(job->id, job->attempt)
            : engine_->Retry(job->id, job->attempt, SteadyClock::now() + hours(kRetryAfter), error);
    // What was cancelled just now may be refused; its worker ends it then.
    if (back) {
      // A released attempt has the number of the one that follows: nobody may come late then.
      if (action.kind == Kind::kRetry) worker.lost = job;
    } else {
      Finish(worker = Worker{job, std::nullopt, true, nullptr}, Judge(*job, JobState::kFailed));
    }
  }
  worker.busy = false;
}

void World::Preempt() {
  if (!exploring_ || nested_ || preemptions_ == 0) return;
  nested_ = true;
  const std::vector<Action> enabled = Enabled();
  const std::size_t choice = choices_.Choose(enabled.size() + 1);
  if (choice > 0) {
    --preemptions_;
    Do(enabled[choice - 1]);
  }
  nested_ = false;
}

void World::Push(std::size_t which) {
  const Scenario::JobPlan& plan = scenario_.jobs[which];
  auto job = std::make_shared<QueuedJob>();
  job->id = jobs_[which].id;
  job->queue_name = "queue-0";
  job->payload = plan.large ? LargePayload() : Payload::FromString("x");
  job->payload_size = job->payload.size();
  job->accepted_at = SteadyClock::now();
  job->accepted = UtcNow();
  job->kept = true;
  job->expires = Deadline::After(hours(kFirstExpiry + static_cast<int>(which)));
  if (plan.key >= 0) {
    IdempotencyKey key{"key-" + std::to_string(plan.key), {}};
    key.digest[0] = static_cast<std::uint8_t>(plan.digest);
    job->idempotency = key;
  }
  jobs_[which].pushed = job;
  engine_->Push(job, [this, which](const PushAnswer& answer) { OnPushed(which, answer); });
}

void World::Claim(Worker& worker) {
  const auto claimed = engine_->Claim(0);
  if (!claimed) return;
  worker.job = *claimed;
  const Job& job = jobs_[IndexOf(worker.job->id)];
  if (job.told && !worker.job->cancel.Cancelled()) Blame("it runs after its end was told");
  if (worker.job->attempt > scenario_.max_attempts) Blame("it runs too often");
  if (worker.job->payload.size() != worker.job->payload_size) Blame("it runs without its payload");
  for (const Worker& other : workers_) {
    if (&other != &worker && other.job && other.job->id == worker.job->id) Blame("it runs twice");
  }
}

void World::Finish(Worker& worker, JobState state) {
  const JobPtr job = std::exchange(worker.job, nullptr);
  worker.judged.reset();
  const std::size_t which = IndexOf(job->id);
  if (state != JobState::kSucceeded) jobs_[which].freed = true;
  engine_->Finish(job->id, job->attempt, OutcomeOf(state), [this, which, state](bool ended) {
    if (!ended) return Blame("a worker could not finish its job");
    // A job that was ended as it ran is told as that by the service too.
    OnEnd(which, jobs_[which].told.value_or(jobs_[which].ends_as.value_or(state)));
  });
}

void World::Late(Worker& worker) {
  const JobPtr job = std::exchange(worker.lost, nullptr);
  const Error error{ErrorCode::kUnavailable, "crash", "again", "", 0};
  if (engine_->Release(job->id, job->attempt) ||
      engine_->Retry(job->id, job->attempt, SteadyClock::now(), error)) {
    Blame("an attempt that was over has given the job back");
  }
  engine_->Finish(job->id, job->attempt, OutcomeOf(JobState::kFailed), [this](bool ended) {
    if (ended) Blame("an attempt that was over has finished the job");
  });
}

void World::Cancel(std::size_t which) {
  Job& job = jobs_[which];
  --cancels_;
  job.cancel_asked = true;
  job.freed = true;
  const bool deleted = job.acknowledged;
  engine_->Cancel(job.id, deleted ? CancelReason::kDeleted : CancelReason::kDisconnected,
                  OutcomeOf(JobState::kCancelled), [this, which, deleted](CancelResult result) {
                    // A client that is gone is told nothing.
                    if (!deleted || result == CancelResult::kUnknown) return;
                    if (result == CancelResult::kUnsaved) {
                      jobs_[which].ends_as = JobState::kCancelled;
                      return;
                    }
                    Tell(jobs_[which], JobState::kCancelled);
                    CheckEnded(which, JobState::kCancelled);
                  });
}

void World::Drop(std::size_t which) {
  jobs_[which].drop_asked = true;
  jobs_[which].freed = true;
  engine_->DropResult(jobs_[which].id, [](const Status&) {});
}

void World::Fire(std::size_t which) {
  const std::int64_t due = HoursTo(ManualTimers::DeadlineOf(which)) - kFirstExpiry;
  if (due >= 0) jobs_.at(static_cast<std::size_t>(due)).freed = true;
  ManualTimers::Fire(which);
}

void World::Crash() {
  --crashes_;
  store_->Crash([this] { return choices_.Choose(2) == 1; });
  for (Job& job : jobs_) {
    if (job.pushed && !job.answer) job.answer_lost = true;
    job.ends_as.reset();  // it was not saved
  }
  workers_.assign(workers_.size(), {});
  engine_.reset();
  Start();
}

void World::Conclude() {
  exploring_ = false;
  for (int turn = 0; wrong_.empty(); ++turn) {
    if (turn == 1000) return Blame("it never ends");
    const auto soon = [] {
      return ManualTimers::Pending() > 0 && HoursTo(ManualTimers::DeadlineOf(0)) < kFirstExpiry;
    };
    const auto busy = std::find_if(workers_.begin(), workers_.end(),
                                   [](const Worker& worker) { return worker.job != nullptr; });
    if (store_->Pending() > 0) {
      store_->Commit(0);
    } else if (busy != workers_.end()) {
      Finish(*busy, busy->judged.value_or(Judge(*busy->job, JobState::kSucceeded)));
    } else if (engine_->Figures(0).waiting_bytes > 0) {
      Claim(workers_[0]);
    } else if (soon()) {
      ManualTimers::Fire(0);
    } else {
      break;
    }
    if (wrong_.empty()) CheckStep();
  }
  if (wrong_.empty()) CheckEnd();
}

}  // namespace headrace::model
