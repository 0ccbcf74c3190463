#include "worker/worker_pool.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "tracing/job_spans.h"

namespace headrace {

struct WorkerPool::Worker {
  QueueIndex queue = 0;
  std::atomic<State> state{State::kIdle};
  bool has_left = false;  // under the pool's lock
  mutable Mutex mu;
  JobPtr job GUARDED_BY(mu);  // while it is busy; to tell whether it is overdue
  std::thread thread;         // the owner's
};

namespace {

// The outcome of a job that was claimed too late to be worth a run.
std::optional<Outcome> NotWorthARun(const QueuedJob& job) {
  const CancelReason reason = job.cancel.reason();
  const bool expired = reason == CancelReason::kDeadline || job.deadline.Passed();
  if (reason == CancelReason::kNone && !expired) return std::nullopt;
  if (expired) {
    return EndedAs(JobState::kExpired, {ErrorCode::kDeadlineExceeded,
                                        "deadline",
                                        "the deadline passed while the job was waiting",
                                        {}});
  }
  return EndedAs(JobState::kCancelled,
                 {ErrorCode::kConflict, "cancelled", "the job was cancelled", {}});
}

// A worker that is woken for a job does not interrupt the reactor that wakes it (sched(7)): that
// goes on to the other clients first, and the worker then finds their jobs together; and a handler
// that burns on it gets less of a core than a reactor. docs/adr/0007 has the figures. Where the
// kernel refuses, things only take longer.
void YieldToReactors() {
  constexpr int kNice = 5;
  const sched_param none{};
  pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
  pthread_setname_np(pthread_self(), "worker");
}

// Successes are told at debug level, for they may come by the ten thousand a second; what an
// operator may have to look into at warn.
auto LogOf(const Outcome& outcome) -> decltype(&LogInfo) {
  if (outcome.state == JobState::kSucceeded) return LogDebug;
  const bool ours = outcome.state == JobState::kFailed && outcome.error &&
                    (outcome.error->code == ErrorCode::kInternal ||
                     outcome.error->code == ErrorCode::kHandlerCrashed ||
                     outcome.error->code == ErrorCode::kUnavailable);
  return ours ? LogWarn : LogInfo;
}

}  // namespace

WorkerPool::WorkerPool(std::vector<WorkerQueue> queues, Engine& engine, SlotPool& slots,
                       Metrics& metrics, Listener listener)
    : queues_(std::move(queues)),
      engine_(engine),
      slots_(slots),
      metrics_(metrics),
      listener_(std::move(listener)),
      left_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  // Here and not in Start: a scrape may ask for the figures before the threads are there.
  for (QueueIndex queue = 0; queue < queues_.size(); ++queue) {
    staff_.push_back(std::make_unique<Staff>());
    staff_.back()->wanted = queues_[queue].workers;
    for (std::size_t i = 0; i < queues_[queue].workers; ++i) Hire(queue);
  }
}

WorkerPool::~WorkerPool() {
  engine_.Close();
  Join();
}

WorkerPool::Worker& WorkerPool::Hire(QueueIndex queue) {
  auto worker = std::make_unique<Worker>();
  worker->queue = queue;
  const MutexLock lock(mu_);
  workers_.push_back(std::move(worker));
  return *workers_.back();
}

std::vector<WorkerPool::Worker*> WorkerPool::All() const {
  const MutexLock lock(mu_);
  std::vector<Worker*> all;
  all.reserve(workers_.size());
  for (const auto& worker : workers_) all.push_back(worker.get());
  return all;
}

void WorkerPool::Start() {
  for (Worker* const worker : All()) Begin(*worker);
}

// Counted before it runs: it may have left before this returns.
void WorkerPool::Begin(Worker& worker) {
  {
    const MutexLock lock(mu_);
    ++running_threads_;
  }
  try {
    worker.thread = std::thread([this, &worker] {
      Loop(worker);
      Leave(worker);
    });
  } catch (const std::system_error&) {
    Leave(worker);
    throw;
  }
}

void WorkerPool::Leave(Worker& worker) {
  {
    const MutexLock lock(mu_);
    --running_threads_;
    worker.has_left = true;
  }
  left_.NotifyAll();
  const std::uint64_t one = 1;
  // Cannot fail: the counter is far from its limit.
  [[maybe_unused]] const auto written = ::write(left_fd_.get(), &one, sizeof one);
}

// One who is to leave and has not; whoever takes it leaves, or stays after all.
bool WorkerPool::TakeSurplus(Staff& staff) {
  std::size_t surplus = staff.surplus.load();
  while (surplus > 0 && !staff.surplus.compare_exchange_weak(surplus, surplus - 1)) {
  }
  return surplus > 0;
}

bool WorkerPool::HireOne(QueueIndex queue) {
  if (TakeSurplus(*staff_[queue])) return true;
  try {
    Begin(Hire(queue));
  } catch (const std::system_error&) {  // no thread is to be had
    return false;
  }
  return true;
}

Status WorkerPool::Grow(const std::vector<std::size_t>& workers) {
  for (QueueIndex queue = 0; queue < workers.size(); ++queue) {
    Staff& staff = *staff_[queue];
    for (; staff.wanted < workers[queue]; ++staff.wanted) {
      if (HireOne(queue)) continue;
      return Error{ErrorCode::kUnavailable, "workers",
                   fmt::format("there is no thread for worker {} of {}; raise the limit of "
                               "processes (ulimit -u, pids.max), or lower the number of workers",
                               staff.wanted + 1, queues_[queue].name),
                   "", 0};
    }
  }
  return Ok();
}

void WorkerPool::Shrink(const std::vector<std::size_t>& workers, const Wake& wake) {
  for (QueueIndex queue = 0; queue < workers.size(); ++queue) {
    Staff& staff = *staff_[queue];
    if (staff.wanted <= workers[queue]) continue;
    const std::size_t too_many = staff.wanted - workers[queue];
    staff.wanted = workers[queue];
    staff.surplus += too_many;
    wake(queue, too_many);  // after the count: whoever wakes up must see it
  }
}

void WorkerPool::Reap() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto size = ::read(left_fd_.get(), &count, sizeof count);
  std::vector<std::unique_ptr<Worker>> left;
  {
    const MutexLock lock(mu_);
    const auto first = std::stable_partition(workers_.begin(), workers_.end(),
                                             [](const auto& worker) { return !worker->has_left; });
    left.insert(left.end(), std::make_move_iterator(first),
                std::make_move_iterator(workers_.end()));
    workers_.erase(first, workers_.end());
  }
  for (const auto& worker : left) {
    if (worker->thread.joinable()) worker->thread.join();
  }
}

bool WorkerPool::WaitDrained(Deadline deadline) {
  const MutexLock lock(mu_);
  while (running_threads_ != 0) {
    if (!left_.WaitUntil(mu_, deadline)) return running_threads_ == 0;
  }
  return true;
}

void WorkerPool::Join() {
  for (Worker* const worker : All()) {
    if (worker->thread.joinable()) worker->thread.join();
  }
}

WorkerFigures WorkerPool::Figures(QueueIndex queue) const {
  WorkerFigures figures;
  const MutexLock lock(mu_);
  for (const auto& worker : workers_) {
    if (worker->queue == queue) Count(*worker, figures);
  }
  return figures;
}

void WorkerPool::Count(const Worker& worker, WorkerFigures& figures) {
  const MutexLock lock(worker.mu);
  const JobPtr& job = worker.job;
  const bool overdue = job && (job->cancel.Cancelled() || job->deadline.Passed());
  switch (worker.state.load(std::memory_order_relaxed)) {
    case State::kIdle:
      ++figures.idle;
      break;
    case State::kWaitsForSlot:
      ++figures.queued;
      break;
    case State::kBusy:
      ++(overdue ? figures.overdue : figures.busy);
      break;
  }
}

// A worker keeps its slot from one job to the next unless somebody waits for it: between the two it
// would be lent to a job that has to give it back at once. One that leaves though a job waits
// leaves it to whom the same Shrink wakes.
void WorkerPool::Loop(Worker& worker) {
  YieldToReactors();
  const WorkerQueue& queue = queues_[worker.queue];
  SlotPool::Slot slot;
  while (slot || engine_.WaitForWork(worker.queue)) {
    if (TakeSurplus(*staff_[worker.queue])) return;
    if (queue.takes_slot) {
      worker.state.store(State::kWaitsForSlot, std::memory_order_relaxed);
      slot = slot ? slots_.Renew(std::move(slot)) : slots_.Acquire();
    }
    // None is left if another worker was faster.
    auto job = engine_.Claim(worker.queue);
    if (job) Drive(worker, *job);
    if (!job) slot.Return();
    worker.state.store(State::kIdle, std::memory_order_relaxed);
  }
}

void WorkerPool::Drive(Worker& worker, const JobPtr& job) {
  const auto claimed = SteadyClock::now();
  {
    const MutexLock lock(worker.mu);
    worker.job = job;
  }
  worker.state.store(State::kBusy, std::memory_order_relaxed);
  auto unrun = NotWorthARun(*job);
  const bool started = !unrun;
  if (started && listener_.on_started) listener_.on_started(*job);
  JobSpans spans(listener_.tracer, *job);
  spans.RecordWait(claimed, started ? nullptr : &*unrun);
  if (started) spans.BeginRun();
  Outcome outcome = started ? queues_[worker.queue].runner->Run(*job) : *std::move(unrun);
  const auto ended = SteadyClock::now();
  outcome.timings.wait = claimed - job->accepted_at;
  outcome.timings.run = ended - claimed;
  if (started) spans.RecordRun(claimed, ended, outcome);
  {
    const MutexLock lock(worker.mu);
    worker.job.reset();
  }
  metrics_.OnFinished(job->queue, outcome.state, outcome.timings, started);
  LogEnd(*job, outcome);
  listener_.on_ran(job, std::move(outcome));
}

void WorkerPool::LogEnd(const QueuedJob& job, const Outcome& outcome) const {
  const Error none;
  const Error& error = outcome.error ? *outcome.error : none;
  LogOf(outcome)("job ended", {{"job_id", job.id},
                               {"queue", job.queue_name},
                               {"outcome", ToString(outcome.state)},
                               {"wait_seconds", outcome.timings.wait.count()},
                               {"run_seconds", outcome.timings.run.count()},
                               {"cpu_seconds", outcome.timings.cpu.count()},
                               {"peak_memory_bytes", outcome.timings.peak_memory},
                               {"type", error.type},
                               {"detail", error.detail}});
}

}  // namespace headrace
