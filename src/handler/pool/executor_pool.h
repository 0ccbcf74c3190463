#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "handler/executor_figures.h"
#include "handler/pool/executor_drive.h"
#include "handler/pool/executor_stock.h"
#include "handler/pool/helper.h"
#include "handler/pool/spawn_queue.h"
#include "handler/result_store.h"
#include "handler/runner.h"
#include "handler/sandbox/isolation.h"

namespace headrace {

struct ExecutorPoolOptions {
  std::string queue;                        // its name, for the log
  std::string binary;                       // path of the executor binary
  std::vector<std::string> arguments = {};  // of its command line: the handler's settings
  std::size_t workers = 1;  // jobs at once; as many executors more wait, forked ahead
  std::uint64_t memory = std::uint64_t{1} << 30U;      // bytes of address space per job
  std::chrono::seconds cpu{60};                        // CPU time per job
  std::uint64_t max_result = std::uint64_t{1} << 30U;  // bytes of all parts of a result
  ExecutorPriority priority = ExecutorPriority::kLow;
  bool sandbox_required = false;    // an executor that cannot be confined takes no job
  std::uint32_t recycle_after = 1;  // jobs per process
  // The executors are keepers (keeper.h) whose programs get this time from SIGTERM to SIGKILL. The
  // limits above are the keeper's to set then, here they only make sense of how it ended.
  std::optional<std::chrono::milliseconds> keeper_grace = {};
  bool held = false;  // no executor is forked ahead before Open
  // Where slots for more executors of one job come from; outlives the pool. Null: one per job, as
  // always with keepers.
  SlotLender* lender = nullptr;
  ResultStore store = {};  // of what jobs have made while they go on
  std::chrono::milliseconds warm_timeout{30'000};
};

// The executors of one queue: one process per job, or per `recycle_after` jobs, the next ones
// forked ahead by a zygote; a job that falls into tasks gets more of them while slots are to be
// borrowed. Keepers are asked to end and waited for, so Run returns up to their grace and 5 s after
// the job was cancelled; those that do several jobs are persistent (see ExecutorStock). Made and
// destroyed on the main thread, destroyed when no Run is under way and before the SpawnQueue. When
// Run returns, the job's executor is dead and reaped and no descriptor of it is left but those of
// its result, or it waits here for its next job. Only one that did its job to the end does another:
// not after a cancel, a deadline, a crash or a fault of the handler; keepers know that of their
// programs themselves.
//
// What a job that was not cancelled ends as: succeeded with the parts; failed with the handler's
// reason (422, 406, 500); 502 "executor-crashed" when the process died, broke the protocol or its
// sandbox, or ran into its memory or CPU limit, or a keeper says that of its program; 502
// "result-too-large"; 503 "executors-unavailable" when no process can be had.
class ExecutorPool final : public Runner {
 public:
  ExecutorPool(ExecutorPoolOptions options, SpawnQueue& spawn_queue);

  [[nodiscard]] Outcome Run(const QueuedJob& job) override;

  // With `held`: from now on executors are forked ahead. Thread-safe.
  void Open() { stock_.Open(); }

  // From now on so many jobs at once. Main thread; executors that are too many end when they have
  // no job, those forked ahead with the jobs to come.
  void SetWorkers(std::size_t workers) {
    workers_.store(workers);
    stock_.SetWorkers(workers);
  }

  // Warm and able to take a job. Thread-safe, like all that follows.
  [[nodiscard]] bool Ready() const { return stock_.Ready(); }
  // False from a failed start of the zygote or of an executor to the next good one.
  [[nodiscard]] bool Healthy() const { return stock_.Healthy(); }
  // Why the last start failed or the zygote ended; empty if neither ever happened.
  [[nodiscard]] std::string LastError() const { return stock_.LastError(); }
  [[nodiscard]] ExecutorFigures Figures() const { return counters_.Figures(); }
  // What the API tells of it all.
  [[nodiscard]] ExecutorState State() const;
  // Process id of the zygote while it is warm, else 0.
  [[nodiscard]] pid_t ZygotePid() const { return stock_.ZygotePid(); }

 private:
  class Helpers;

  Outcome Attempt(const QueuedJob& job, int payload_memfd);
  [[nodiscard]] bool MayGoOn(ExecutorProcess& executor) const;
  std::optional<Helper> TakeHelper();
  Outcome Conclude(ExecutorDrive::Report report);
  Outcome ConcludeFailure(ExecutorDrive::Report report);
  Outcome ConcludeDeath(const ExecutorDrive::Report& report);
  [[nodiscard]] Error Crashed(ExecutorDeath death, const ExecutorDrive::Report& report) const;

  const ExecutorPoolOptions options_;
  std::atomic<std::size_t> workers_;
  ExecutorCounters counters_;
  ExecutorStock stock_;
};

}  // namespace headrace
