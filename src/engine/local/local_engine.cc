#include "engine/local/local_engine.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "base/job_id.h"
#include "base/log.h"
#include "engine/records.h"

namespace headrace {
namespace {

LinePlace PlaceOf(const QueuedJob& job) {
  return {job.tenant, job.max_waiting, job.urgency, 0, {}};
}

}  // namespace

LocalEngine::LocalEngine(Options options, std::unique_ptr<JobStore> store)
    : durability_(store->durability()), keys_(options.max_keys), store_(std::move(store)) {
  for (QueueIndex i = 0; i < options.queues.size(); ++i) {
    const QueueOptions& queue = options.queues[i];
    names_.push_back(queue.name);
    terms_.push_back(std::make_unique<Terms>(queue));
    queues_.push_back(std::make_unique<Queue>(queue.workers + queue.capacity));
    tags_.push_back(i);
    queue_of_tag_.emplace(i, i);
  }
}

void LocalEngine::Terms::Set(const QueueOptions& options) {
  capacity = options.capacity;
  result_ttl = options.result_ttl;
  run_timeout = options.run_timeout;
  max_attempts = options.max_attempts;
}

void LocalEngine::Reload(const std::vector<QueueOptions>& queues) {
  for (QueueIndex i = 0; i < queues.size(); ++i) {
    terms_[i]->Set(queues[i]);
    queues_[i]->SetPlaces(queues[i].workers + queues[i].capacity);
  }
}

LocalEngine::~LocalEngine() { LocalEngine::Stop(); }

void LocalEngine::Stop() {
  stopped_.store(true);
  LocalEngine::Close();
  timer_.Stop();
  store_.reset();  // calls back for what it still had to do
}

Expected<std::vector<PendingDelivery>> LocalEngine::Start() {
  auto recovered = store_->Recover(names_);
  if (!recovered) return std::move(recovered).error();
  tags_ = std::move(recovered->tags);
  queue_of_tag_.clear();
  for (QueueIndex i = 0; i < tags_.size(); ++i) queue_of_tag_.emplace(tags_[i], i);
  for (const KeptJob& held : recovered->held_keys) {
    if (!held.idempotency) continue;
    keys_.Recover({held.tenant, held.queue, held.idempotency->key}, held.idempotency->digest,
                  held.id, held.deadline.time());
  }
  RecoverAll(recovered->unfinished);
  return std::move(recovered->deliveries);
}

void LocalEngine::RecoverAll(const std::vector<KeptJob>& unfinished) {
  std::unordered_map<std::string_view, QueueIndex> queues;
  for (QueueIndex i = 0; i < names_.size(); ++i) queues.emplace(names_[i], i);
  std::map<std::string_view, std::size_t> left;  // jobs of queues that are not there
  for (const KeptJob& kept : unfinished) {
    const auto at = queues.find(kept.queue);
    if (at == queues.end()) {
      ++left[kept.queue];
    } else {
      Recover(kept, at->second);
    }
  }
  for (const auto& [queue, count] : left) {
    LogWarn("{jobs} jobs stay where they are: queue '{queue}' is not in the configuration any more",
            {{"jobs", count}, {"queue", queue}});
  }
}

void LocalEngine::Recover(const KeptJob& kept, QueueIndex index) {
  const JobPtr job = JobOf(kept, index);
  if (kept.idempotency) {
    keys_.Recover(KeyOf(*job), kept.idempotency->digest, kept.id, SteadyTime::max());
  }
  const bool spent = kept.attempt >= terms_[index]->max_attempts.load();
  const bool held = spent || kept.not_before > SteadyClock::now();
  queues_[index]->Recover(kept.id, job, static_cast<std::size_t>(kept.payload_size), PlaceOf(*job),
                          !held);
  if (spent) {
    const Outcome outcome = Poisoned(kept);
    queues_[index]->Remove(kept.id, Ending(outcome.state));
    End(job, outcome, [this, job, outcome] { Tell(job, outcome); });
    return;
  }
  Arm(job);
  if (!held) return;
  timer_.Schedule(Deadline::At(kept.not_before),
                  [this, index, id = kept.id] { queues_[index]->Open(id); });
}

std::optional<QueueIndex> LocalEngine::QueueOf(std::string_view id) const {
  const auto tag = QueueOfJobId(id);
  if (!tag) return std::nullopt;
  const auto at = queue_of_tag_.find(*tag);
  if (at == queue_of_tag_.end()) return std::nullopt;
  return at->second;
}

LocalEngine::Queue* LocalEngine::Find(std::string_view id) const {
  const auto index = QueueOf(id);
  return index ? queues_[*index].get() : nullptr;
}

KeyIndex::Name LocalEngine::KeyOf(const QueuedJob& job) const {
  return {job.tenant, job.queue_name, job.idempotency->key};
}

void LocalEngine::Push(JobPtr job, Pushed done) {
  if (job->kept) {
    Keep(job, std::move(done));
    return;
  }
  PushAnswer answer{PushResult::kAccepted, job->id};
  const std::size_t bytes = job->payload.size();
  Queue& queue = *queues_.at(job->queue);
  answer.result = ResultOf(queue.TryPush(answer.id, job, bytes, PlaceOf(*job)));
  done(std::move(answer));
}

PushResult LocalEngine::ResultOf(Queue::Pushed pushed) {
  switch (pushed) {
    case Queue::Pushed::kAccepted:
      return PushResult::kAccepted;
    case Queue::Pushed::kFull:
      return PushResult::kFull;
    case Queue::Pushed::kTenantFull:
      return PushResult::kTenantFull;
    case Queue::Pushed::kClosed:
      break;
  }
  return PushResult::kClosed;
}

// The key first: a client that asks again gets its job also when the queue is full.
void LocalEngine::Keep(const JobPtr& job, Pushed done) {
  if (job->idempotency) {
    const PushResult taken = keys_.Take(KeyOf(*job), job->idempotency->digest, job->id, done);
    if (taken == PushResult::kExisting) return;  // it is told, or will be
    if (taken != PushResult::kAccepted) {
      done({taken, {}});
      return;
    }
  }
  Queue& queue = *queues_.at(job->queue);
  const auto held = queue.TryHold(job->id, job, job->payload.size(), PlaceOf(*job));
  if (held != Queue::Pushed::kAccepted) {
    if (job->idempotency) keys_.Free(KeyOf(*job), job->id);
    done({ResultOf(held), {}});
    return;
  }
  store_->Insert(KeptOf(*job, false), job->payload,
                 [this, job, done = std::move(done)](const Status& inserted) {
                   OnInserted(job, inserted, done);
                 });
}

// A payload of which the store has a file needs no memory while it waits.
bool LocalEngine::LeftToStore(const QueuedJob& job) const {
  constexpr std::size_t kLeast = std::size_t{64} << 10U;
  return job.payload_size > kLeast && durability_ != Durability::kProcess;
}

void LocalEngine::OnInserted(const JobPtr& job, const Status& inserted, const Pushed& done) {
  Queue& queue = *queues_[job->queue];
  JobPtr waiting = job;
  if (!inserted) {
    queue.Forget(job->id);
    if (job->idempotency) keys_.Free(KeyOf(*job), job->id);
    done({PushResult::kDown, {}});
    return;
  }
  if (LeftToStore(*job)) {
    auto lighter = std::make_shared<QueuedJob>(*job);
    lighter->payload = {};
    waiting = std::move(lighter);
    queue.Replace(job->id, waiting);
  }
  Arm(waiting);
  if (job->idempotency) keys_.Confirm(KeyOf(*job), job->id);
  done({PushResult::kAccepted, job->id});
  if (queue.Open(job->id)) return;
  // It was cancelled meanwhile, and its end may have come to the store before it did.
  const bool expired = job->cancel.reason() == CancelReason::kDeadline;
  End(waiting, expired ? ExpiredUnrun() : CancelledUnrun(), [] {});
}

void LocalEngine::Arm(const JobPtr& job) {
  const auto ticket = timer_.Schedule(job->expires, [this, job] {
    const Outcome outcome = ExpiredUnrun();
    Cancel(job->id, CancelReason::kDeadline, outcome, [this, job, outcome](CancelResult result) {
      if (result == CancelResult::kRemoved) Tell(job, outcome);
    });
  });
  const MutexLock lock(mu_);
  expiries_.emplace(job->id, ticket);
}

void LocalEngine::OnEnded(Told told) {
  const MutexLock lock(mu_);
  told_ = std::move(told);
}

void LocalEngine::Tell(const JobPtr& job, const Outcome& outcome) {
  Told told;
  {
    const MutexLock lock(mu_);
    told = told_;
  }
  if (told) told(job, outcome);
}

void LocalEngine::OnDelivery(std::function<void(const std::string& id)> due) {
  const MutexLock lock(mu_);
  due_ = std::move(due);
}

void LocalEngine::TellDelivery(const std::string& id) {
  std::function<void(const std::string& id)> due;
  {
    const MutexLock lock(mu_);
    due = due_;
  }
  if (due) due(id);
}

void LocalEngine::Disarm(const std::string& id) {
  Timer::Ticket ticket;
  {
    const MutexLock lock(mu_);
    const auto at = expiries_.find(id);
    if (at == expiries_.end()) return;
    ticket = at->second;
    expiries_.erase(at);
  }
  timer_.Cancel(ticket);
}

bool LocalEngine::WaitForWork(QueueIndex queue) { return queues_.at(queue)->WaitForWork(); }

std::optional<JobPtr> LocalEngine::Claim(QueueIndex queue) {
  auto job = queues_.at(queue)->Claim();
  return job && (*job)->kept ? Begin(*job) : job;
}

// The job as its attempt has it; nothing if it cannot have one, now or ever.
std::optional<JobPtr> LocalEngine::Begin(const JobPtr& job) {
  // What cannot be saved would be held in memory, job after job.
  if (!store_->Healthy().empty() && PutOff(job)) return std::nullopt;
  auto begun = std::make_shared<QueuedJob>(*job);
  begun->started = UtcNow();
  begun->deadline = std::min(job->expires, Deadline::After(terms_[job->queue]->run_timeout.load()));
  if (job->payload.size() < job->payload_size) {
    auto payload = store_->LoadPayload(job->id);
    if (!payload) {
      OnNoPayload(job, payload.error());
      return std::nullopt;
    }
    begun->payload = *std::move(payload);
  }
  store_->Begin(job->id, job->attempt, *begun->started);
  queues_[job->queue]->Replace(job->id, begun);
  return begun;
}

}  // namespace headrace
