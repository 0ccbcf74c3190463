#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/plan.h"
#include "config/config.h"
#include "handler/pool/executor_pool.h"
#include "handler/pool/spawn_queue.h"
#include "handler/registry.h"
#include "handler/result_store.h"
#include "handler/runner.h"
#include "handler/slot_lender.h"

namespace headrace {

// What runners need of the program; outlives them.
struct RunnerServices {
  SpawnQueue& spawn_queue;
  SlotLender& lender;
  ResultStore results;
};

// The path of the handler's executor binary.
std::string ExecutorPath(const std::string& executors_dir, const HandlerEntry& handler);

// What runs the jobs of each queue: the handler on a worker's thread, executors, or an upstream.
// Made and destroyed on the main thread; all arguments but the options outlive it. Spawns the
// zygotes, then warms the handlers that run on threads. Throws std::runtime_error if one cannot be
// warmed.
class Runners {
 public:
  Runners(const Config& config, const Plan& plan, const HandlerRegistry& handlers,
          const std::string& executors_dir, const RunnerServices& services);

  [[nodiscard]] Runner* Of(QueueIndex queue) const { return runners_.at(queue).get(); }
  // Null for a queue that needs none.
  [[nodiscard]] const ExecutorPool* ExecutorsOf(QueueIndex queue) const {
    return executors_.at(queue);
  }

  // To be called when all threads of the service run: what keepers must not let their programs
  // touch, nor executors their handlers, are those that they find when they are forked.
  void Open();

  // A reload: so many jobs of each queue at once from now on. Main thread.
  void SetWorkers(const std::vector<std::size_t>& workers);

  // Why no queue can do a job any more; empty while one can. Thread-safe.
  [[nodiscard]] std::string AllBroken() const;

 private:
  std::vector<std::unique_ptr<Runner>> runners_;
  std::vector<ExecutorPool*> executors_;
};

}  // namespace headrace
