#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/deadline.h"
#include "base/sync.h"
#include "engine/engine.h"
#include "handler/runner.h"
#include "metrics/metrics.h"
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
// time each. Start and Stop belong to the thread that owns the pool; the rest is
// thread-safe.
class WorkerPool {
 public:
  // Who hears of what the workers do. Called on the worker's thread; must not block.
  struct Listener {
    std::function<void(const QueuedJob&)> on_started;  // an attempt begins; may be null
    // An attempt has ended: ends the job in the engine, or gives it back.
    std::function<void(const JobPtr&, Outcome)> on_ran;
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

  [[nodiscard]] WorkerFigures Figures(QueueIndex queue) const;

 private:
  enum class State { kIdle, kWaitsForSlot, kBusy };
  struct Worker;

  void Loop(Worker& worker);
  void Leave();
  static void Count(const Worker& worker, WorkerFigures& figures);
  void Drive(Worker& worker, const JobPtr& job);
  void LogEnd(const QueuedJob& job, const Outcome& outcome) const;

  const std::vector<WorkerQueue> queues_;
  Engine& engine_;
  SlotPool& slots_;
  Metrics& metrics_;
  const Listener listener_;

  Mutex mu_;
  CondVar left_;
  std::size_t running_threads_ GUARDED_BY(mu_) = 0;
  // Constant after construction. Last: their threads use all above.
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace headrace
