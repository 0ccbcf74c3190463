#include "engine/sqlite/lineup.h"

#include <algorithm>
#include <utility>

namespace headrace::sqlite {
namespace {

// What the columns of a row take, about.
constexpr std::size_t kRowBytes = 512;

std::size_t Inlined(std::size_t size, std::size_t inline_max) {
  return size <= inline_max ? size : 0;
}

std::size_t RowBytes(const Operation& operation, std::size_t inline_max) {
  std::size_t bytes = kRowBytes;
  if (const auto* job = std::get_if<NewJob>(&operation.change)) {
    bytes += Inlined(job->payload.size(), inline_max);
  }
  if (const auto* ending = std::get_if<Ending>(&operation.change)) {
    for (const ResultPart& part : ending->end.outcome.parts) {
      bytes += Inlined(part.bytes.size(), inline_max);
    }
  }
  return bytes;
}

}  // namespace

bool Lineup::NeedsFiles(const Operation& operation) const {
  if (const auto* job = std::get_if<NewJob>(&operation.change)) {
    return job->payload.size() > options_.inline_max;
  }
  const auto* ending = std::get_if<Ending>(&operation.change);
  return ending != nullptr &&
         std::any_of(ending->end.outcome.parts.begin(), ending->end.outcome.parts.end(),
                     [this](const auto& part) { return part.bytes.size() > options_.inline_max; });
}

void Lineup::Prepare(Operation& operation) {
  operation.number = next_number_++;
  operation.called = SteadyClock::now();
  if (auto* job = std::get_if<NewJob>(&operation.change)) job->seq = next_seq_++;
  if (const auto* attempt = std::get_if<Attempt>(&operation.change)) {
    attempts_[operation.id] = attempt->number;
  }
  if (std::holds_alternative<BackToWaiting>(operation.change)) attempts_.erase(operation.id);
  if (auto* ending = std::get_if<Ending>(&operation.change)) {
    if (const auto node = attempts_.extract(operation.id)) ending->attempt = node.mapped();
  }
}

void Lineup::Queue(OperationPtr operation) {
  if (operation->Awaited()) ++awaited_;
  queue_.push_back(std::move(operation));
}

OperationPtr Lineup::Advance(OperationPtr operation) {
  if (NeedsFiles(*operation)) return operation;
  filing_.erase(operation->number);
  Queue(std::move(operation));
  return nullptr;
}

OperationPtr Lineup::Place(OperationPtr operation) {
  Job& job = jobs_[operation->id];
  ++job.unfinished;
  if (!job.filing && !NeedsFiles(*operation)) {
    Queue(std::move(operation));
    return nullptr;
  }
  filing_.insert(operation->number);
  if (!job.filing) {
    job.filing = true;
    return operation;
  }
  job.behind.push_back(std::move(operation));
  return nullptr;
}

void Lineup::Add(OperationPtr operation) {
  operation->bytes = RowBytes(*operation, options_.inline_max);
  OperationPtr to_file;
  bool wake = false;
  {
    const MutexLock lock(mu_);
    // The first that rides along wakes the writer too: it may sleep for longer than the ride.
    wake = operation->Awaited() ? awaited_ == 0 : queue_.empty();
    Prepare(*operation);
    to_file = Place(std::move(operation));
  }
  if (to_file) {
    options_.file(std::move(to_file));
  } else if (wake) {
    changed_.NotifyOne();
  }
}

bool Lineup::AddBarrier(std::string_view id, std::function<void()> then) {
  auto barrier = std::make_unique<Operation>();
  barrier->id = id;
  barrier->change = Barrier{std::move(then)};
  {
    const MutexLock lock(mu_);
    if (id.empty() ? jobs_.empty() : !jobs_.contains(barrier->id)) return false;
    Prepare(*barrier);
    if (id.empty()) {
      barriers_.push_back(std::move(barrier));
      ReleaseBarriers();
    } else {
      Place(std::move(barrier));
    }
  }
  changed_.NotifyOne();
  return true;
}

// Those that stand behind no operation that is still being filed go to the queue, where all the
// others before them are.
void Lineup::ReleaseBarriers() {
  while (!barriers_.empty() && (filing_.empty() || *filing_.begin() > barriers_.front()->number)) {
    Queue(std::move(barriers_.front()));
    barriers_.pop_front();
  }
}

void Lineup::Filed(OperationPtr operation) {
  OperationPtr to_file;
  {
    const MutexLock lock(mu_);
    Job& job = jobs_[operation->id];
    filing_.erase(operation->number);
    Queue(std::move(operation));
    while (!to_file && !job.behind.empty()) {
      to_file = Advance(std::move(job.behind.front()));
      job.behind.pop_front();
    }
    job.filing = to_file != nullptr;
    ReleaseBarriers();
  }
  changed_.NotifyOne();
  if (to_file) options_.file(std::move(to_file));
}

bool Lineup::Ready() const {
  return awaited_ > 0 || queue_.size() >= kMostOperations || (closed_ && !queue_.empty()) ||
         (closed_ && jobs_.empty() && barriers_.empty());
}

std::vector<OperationPtr> Lineup::Take(Deadline until, bool& closed) {
  const MutexLock lock(mu_);
  while (!Ready()) {
    Deadline wake = until;
    if (!queue_.empty()) wake = std::min(wake, Deadline::At(queue_.front()->called + kRide));
    if (wake.Passed()) break;
    changed_.WaitUntil(mu_, wake);
  }
  auto taken = TakeSome();
  closed = closed_ && taken.empty() && jobs_.empty() && barriers_.empty();
  return taken;
}

std::vector<OperationPtr> Lineup::TakeSome() {
  std::vector<OperationPtr> taken;
  std::size_t bytes = 0;
  while (!queue_.empty() && taken.size() < kMostOperations) {
    Operation& next = *queue_.front();
    if (!taken.empty() && bytes + next.bytes > kMostBytes) break;
    bytes += next.bytes;
    if (next.Awaited()) --awaited_;
    taken.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return taken;
}

void Lineup::Finished(const std::vector<OperationPtr>& operations) {
  const MutexLock lock(mu_);
  for (const OperationPtr& operation : operations) {
    const auto job = jobs_.find(operation->id);
    if (job != jobs_.end() && --job->second.unfinished == 0) jobs_.erase(job);
  }
}

void Lineup::Close() {
  {
    const MutexLock lock(mu_);
    closed_ = true;
  }
  changed_.NotifyOne();
}

}  // namespace headrace::sqlite
