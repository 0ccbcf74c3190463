#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/deadline.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/sync.h"
#include "engine/engine.h"
#include "handler/runner.h"
#include "metrics/metrics.h"
#include "tracing/tracer.h"
#include "worker/slots.h"

namespace headrace {

// The workers of one queue.
struct WorkerQueue {
  std::string name;
  std::size_t workers = 1;
  bool takes_slot = true;    // false for handlers that only wait
  Runner* runner = nullptr;  // outlives the pool
};

// The threads that drain the queues: wait for work, take a slot, claim, run, report. One job at a
// time each. All but Figures belongs to the thread that owns the pool; that is
// thread-safe.
class WorkerPool {
 public:
  // Who hears of what the workers do. Called on the worker's thread; must not block.
  struct Listener {
    std::function<void(const QueuedJob&)> on_started;  // an attempt begins; may be null
    // An attempt has ended: ends the job in the engine, or gives it back.
    std::function<void(const JobPtr&, Outcome)> on_ran;
    const Tracer* tracer = nullptr;  // takes the spans of attempts, outlives the pool; null: nobody
  };

  // `queues` in QueueIndex order. All references outlive the pool.
  WorkerPool(std::vector<WorkerQueue> queues, Engine& engine, SlotPool& slots, Metrics& metrics,
             Listener listener);
  ~WorkerPool();  // closes the engine and joins; a job that still runs is waited for
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void Start();

  // Waits until every worker has left, which they do when the engine is closed and drained. False
  // if the deadline passes first; the caller then cancels what is left and calls Join.
  [[nodiscard]] bool WaitDrained(Deadline deadline);

  // Joins all threads; the engine must be closed. Idempotent.
  void Join();

  // A reload, after Start; `workers` in QueueIndex order. First those that are missing: workers
  // that were to leave stay, the others are new threads and work at once. kUnavailable if one
  // cannot be made; Shrink to the former number takes the others back.
  Status Grow(const std::vector<std::size_t>& workers);
  // Then those that are too many leave, each after its job. `wake` has so many calls of
  // WaitForWork for the queue return.
  using Wake = std::function<void(QueueIndex queue, std::size_t waiters)>;
  void Shrink(const std::vector<std::size_t>& workers, const Wake& wake);
  // Readable when workers have left: Reap joins their threads. Does not block.
  [[nodiscard]] int LeftFd() const { return left_fd_.get(); }
  void Reap();

  [[nodiscard]] WorkerFigures Figures(QueueIndex queue) const;

 private:
  enum class State { kIdle, kWaitsForSlot, kBusy };
  struct Worker;

  // A queue's number of workers; both count those that run a job.
  struct Staff {
    std::size_t wanted = 0;               // by the owner's thread alone
    std::atomic<std::size_t> surplus{0};  // of those that are there, who are to leave
  };

  Worker& Hire(QueueIndex queue) EXCLUDES(mu_);
  [[nodiscard]] std::vector<Worker*> All() const EXCLUDES(mu_);
  void Begin(Worker& worker) EXCLUDES(mu_);
  bool HireOne(QueueIndex queue) EXCLUDES(mu_);
  static bool TakeSurplus(Staff& staff);
  void Loop(Worker& worker);
  void Leave(Worker& worker) EXCLUDES(mu_);
  static void Count(const Worker& worker, WorkerFigures& figures);
  void Drive(Worker& worker, const JobPtr& job);
  void LogEnd(const QueuedJob& job, const Outcome& outcome) const;

  const std::vector<WorkerQueue> queues_;
  Engine& engine_;
  SlotPool& slots_;
  Metrics& metrics_;
  const Listener listener_;

  std::vector<std::unique_ptr<Staff>> staff_;  // one per queue
  const UniqueFd left_fd_;

  mutable Mutex mu_;
  CondVar left_;
  std::size_t running_threads_ GUARDED_BY(mu_) = 0;
  // Last: their threads use all above. Only the owner's thread adds and removes.
  std::vector<std::unique_ptr<Worker>> workers_ GUARDED_BY(mu_);
};

}  // namespace headrace
