#include "engine/memory/memory_engine.h"

#include <cassert>
#include <utility>

#include "base/job_id.h"

namespace headrace {
namespace {

std::size_t Ending(JobState state) {
  assert(state >= JobState::kSucceeded);
  return static_cast<std::size_t>(state) - static_cast<std::size_t>(JobState::kSucceeded);
}

}  // namespace

MemoryEngine::MemoryEngine(const std::vector<QueueOptions>& queues) : options_(queues) {
  queues_.reserve(queues.size());
  for (const QueueOptions& queue : queues) {
    queues_.push_back(std::make_unique<Queue>(queue.workers + queue.capacity));
  }
}

MemoryEngine::~MemoryEngine() { MemoryEngine::Close(); }

PushResult MemoryEngine::Push(JobPtr job) {
  Queue& queue = *queues_.at(job->queue);
  const std::string& id = job->id;
  const std::size_t bytes = job->payload.size();
  switch (queue.TryPush(id, job, bytes)) {
    case Queue::Pushed::kAccepted:
      return PushResult::kAccepted;
    case Queue::Pushed::kFull:
      return PushResult::kFull;
    case Queue::Pushed::kClosed:
      return PushResult::kClosed;
  }
  return PushResult::kClosed;
}

bool MemoryEngine::WaitForWork(QueueIndex queue) { return queues_.at(queue)->WaitForWork(); }

std::optional<JobPtr> MemoryEngine::Claim(QueueIndex queue) { return queues_.at(queue)->Claim(); }

bool MemoryEngine::Finish(std::string_view id, std::uint32_t attempt, JobState outcome) {
  Queue* const queue = QueueOf(id);
  return queue != nullptr && queue->Finish(id, Ending(outcome), [attempt](const JobPtr& job) {
    return job->attempt == attempt;
  });
}

bool MemoryEngine::Release(std::string_view id, std::uint32_t attempt) {
  Queue* const queue = QueueOf(id);
  return queue != nullptr &&
         queue->Release(id, [attempt](const JobPtr& job) { return job->attempt == attempt; });
}

CancelResult MemoryEngine::Cancel(std::string_view id, CancelReason reason) {
  Queue* const queue = QueueOf(id);
  if (queue == nullptr) return CancelResult::kUnknown;
  const auto found = queue->Find(id);
  if (!found) return CancelResult::kUnknown;
  const JobState end =
      reason == CancelReason::kDeadline ? JobState::kExpired : JobState::kCancelled;
  // The token first: whoever claims the job in between sees it and does not run it.
  CancelToken token = found->first->cancel;
  token.Cancel(reason);
  switch (queue->Remove(id, Ending(end))) {
    case Queue::Place::kWaiting:
      return CancelResult::kRemoved;
    case Queue::Place::kRunning:
      return CancelResult::kSignalled;
    case Queue::Place::kNone:
      return CancelResult::kUnknown;
  }
  return CancelResult::kUnknown;
}

std::optional<JobStatus> MemoryEngine::Get(std::string_view id) const {
  const Queue* const queue = QueueOf(id);
  if (queue == nullptr) return std::nullopt;
  auto found = queue->Find(id);
  if (!found) return std::nullopt;
  return JobStatus{std::move(found->first),
                   found->second ? JobState::kRunning : JobState::kWaiting};
}

QueueFigures MemoryEngine::Figures(QueueIndex queue) const {
  const Queue::Counts counts = queues_.at(queue)->Figures();
  QueueFigures figures;
  figures.waiting = counts.waiting;
  figures.running = counts.running;
  figures.capacity = options_[queue].capacity;
  figures.waiting_bytes = counts.waiting_bytes;
  figures.oldest_age = counts.oldest_age;
  figures.accepted = counts.accepted;
  figures.succeeded = counts.ended[Ending(JobState::kSucceeded)];
  figures.failed = counts.ended[Ending(JobState::kFailed)];
  figures.cancelled = counts.ended[Ending(JobState::kCancelled)];
  figures.expired = counts.ended[Ending(JobState::kExpired)];
  return figures;
}

std::vector<std::string> MemoryEngine::Unfinished() const {
  std::vector<std::string> ids;
  for (const auto& queue : queues_) {
    for (std::string& id : queue->Ids()) ids.push_back(std::move(id));
  }
  return ids;
}

void MemoryEngine::Close() {
  for (const auto& queue : queues_) queue->Close();
}

MemoryEngine::Queue* MemoryEngine::QueueOf(std::string_view id) const {
  const auto index = QueueOfJobId(id);
  return index && *index < queues_.size() ? queues_[*index].get() : nullptr;
}

}  // namespace headrace
