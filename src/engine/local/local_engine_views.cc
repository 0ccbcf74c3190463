// What an engine of one process tells.
#include <algorithm>
#include <utility>

#include "engine/local/local_engine.h"
#include "engine/records.h"

namespace headrace {
namespace {

std::optional<JobStatus> AsStatus(std::optional<JobRecord> record) {
  if (!record) return std::nullopt;
  JobStatus status;
  status.record = *std::move(record);
  return status;
}

Error Stopped() { return {ErrorCode::kUnavailable, "draining", "the service has stopped", "", 1}; }

}  // namespace

std::optional<JobStatus> LocalEngine::FindUnfinished(std::string_view id) const {
  const Queue* const queue = Find(id);
  if (queue == nullptr) return std::nullopt;
  const auto unfinished = queue->Find(id);
  if (!unfinished || unfinished->settled) return std::nullopt;
  const bool runs = unfinished->stage == Queue::Stage::kRunning;
  const JobState state = runs ? JobState::kRunning : JobState::kWaiting;
  return StatusOf(*unfinished->item, state, unfinished->position);
}

void LocalEngine::Get(std::string_view id, const PartBytes& bytes, Found found) {
  if (auto unfinished = FindUnfinished(id)) return found(std::move(unfinished));
  if (stopped_.load()) return found(Stopped());
  store_->Load(id, bytes, [found = std::move(found)](Expected<std::optional<JobRecord>> loaded) {
    if (!loaded) {
      found(std::move(loaded).error());
    } else {
      found(AsStatus(*std::move(loaded)));
    }
  });
}

void LocalEngine::List(const RecordFilter& filter, Listed listed) {
  if (stopped_.load()) return listed(Stopped());
  store_->List(filter, [this, listed = std::move(listed)](Expected<RecordPage> found) {
    if (!found) return listed(std::move(found).error());
    JobPage page;
    page.next = std::move(found->next);
    page.jobs.reserve(found->records.size());
    for (JobRecord& record : found->records) {
      // What is in memory says more of those that have not ended.
      auto unfinished = record.end ? std::nullopt : FindUnfinished(record.job.id);
      page.jobs.push_back(unfinished ? *std::move(unfinished) : *AsStatus(std::move(record)));
    }
    listed(std::move(page));
  });
}

// Its key is given free: the work would have to be done again.
void LocalEngine::DropResult(std::string_view id, Done done) {
  if (stopped_.load()) return done(Stopped());
  store_->Load(id, PartBytes::None(),
               [this, name = std::string(id), done = std::move(done)](auto loaded) {
                 if (loaded && *loaded && (*loaded)->job.idempotency) {
                   const KeptJob& job = (*loaded)->job;
                   keys_.Free({job.tenant, job.queue, job.idempotency->key}, job.id);
                 }
                 store_->DropResult(name, done);
               });
}

QueueFigures LocalEngine::Figures(QueueIndex queue) const {
  const Queue::Counts counts = queues_.at(queue)->Figures();
  QueueFigures figures;
  figures.waiting = counts.waiting;
  figures.running = counts.running;
  figures.capacity = terms_[queue]->capacity.load();
  figures.waiting_bytes = counts.waiting_bytes;
  figures.oldest_age = counts.oldest_age;
  figures.accepted = counts.accepted;
  figures.recovered = counts.recovered;
  figures.succeeded = counts.ended[Ending(JobState::kSucceeded)];
  figures.failed = counts.ended[Ending(JobState::kFailed)];
  figures.cancelled = counts.ended[Ending(JobState::kCancelled)];
  figures.expired = counts.ended[Ending(JobState::kExpired)];
  return figures;
}

std::vector<JobPtr> LocalEngine::Unfinished() const {
  std::vector<JobPtr> jobs;
  for (const auto& queue : queues_) {
    for (const std::string& id : queue->Ids()) {
      if (auto found = queue->Find(id)) jobs.push_back(std::move(found->item));
    }
  }
  return jobs;
}

bool LocalEngine::HoldsKey(QueueIndex queue, std::string_view tenant, std::string_view key) const {
  return keys_.Holds({tenant, names_.at(queue), key});
}

void LocalEngine::StopClaims() {
  for (const auto& queue : queues_) queue->StopClaims();
}

void LocalEngine::Close() {
  for (const auto& queue : queues_) queue->Close();
}

}  // namespace headrace
