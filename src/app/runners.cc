#include "app/runners.h"

#include <exception>
#include <set>
#include <stdexcept>
#include <utility>

#include "app/queue_handlers.h"
#include "handler/thread_runner.h"
#include "handler/upstream/upstream_runner.h"

namespace headrace {
namespace {

std::unique_ptr<Runner> MakeUpstreamRunner(const QueueConfig& queue, std::uint64_t max_result,
                                           const ResultStore& results) {
  UpstreamRunner::Options options;
  options.upstream = queue.upstream;
  options.max_result = max_result;
  options.store = results;
  options.secret_params = SecretParams(queue);
  return std::make_unique<UpstreamRunner>(std::move(options));
}

ExecutorPoolOptions PoolOptions(const Config& config, const Plan& plan, QueueIndex index,
                                const HandlerEntry& handler) {
  const QueueConfig& queue = config.queues[index];
  ExecutorPoolOptions options;
  options.queue = queue.name;
  options.workers = plan.workers[index];
  options.memory = plan.executor_memory[index];
  options.cpu = queue.isolation.cpu.value_or(kDefaultExecutorCpu);
  options.max_result = config.max_result;
  options.priority = queue.isolation.priority;
  options.recycle_after = queue.RecycleAfter();
  options.sandbox_required = config.sandbox == SandboxMode::kRequired;
  options.held = true;
  if (queue.RunsCommand()) {
    options.arguments = ToArguments(CommandOptionsOf(config, plan, index));
    options.keeper_grace = queue.command.grace;
  } else {
    options.arguments = ExecutorArguments(queue, handler);
  }
  return options;
}

// Each handler once, however many queues it has.
void WarmThreadHandlers(const Config& config, const HandlerRegistry& handlers) {
  std::set<std::string> warm;
  for (const QueueConfig& queue : config.queues) {
    if (queue.isolation.mode != IsolationMode::kThread) continue;
    if (!warm.insert(queue.handler).second) continue;
    try {
      handlers.Find(queue.handler)->in_thread->Warm();
    } catch (const std::exception& error) {
      throw std::runtime_error("queue " + queue.name +
                               ": the handler cannot be warmed: " + error.what());
    }
  }
}

}  // namespace

std::string ExecutorPath(const std::string& executors_dir, const HandlerEntry& handler) {
  const bool absolute = handler.executor.starts_with('/');
  return absolute ? handler.executor : executors_dir + "/" + handler.executor;
}

Runners::Runners(const Config& config, const Plan& plan, const HandlerRegistry& handlers,
                 const std::string& executors_dir, const RunnerServices& services) {
  for (std::size_t i = 0; i < config.queues.size(); ++i) {
    const QueueConfig& queue = config.queues[i];
    const HandlerEntry& handler = *handlers.Find(queue.handler);
    if (handler.forwards) {
      runners_.push_back(MakeUpstreamRunner(queue, config.max_result, services.results));
      executors_.push_back(nullptr);
      continue;
    }
    if (queue.isolation.mode == IsolationMode::kThread) {
      runners_.push_back(
          std::make_unique<ThreadRunner>(*handler.in_thread, config.max_result, services.results));
      executors_.push_back(nullptr);
      continue;
    }
    ExecutorPoolOptions options = PoolOptions(config, plan, i, handler);
    options.binary = ExecutorPath(executors_dir, handler);
    options.store = services.results;
    options.lender = queue.isolation.parallel ? &services.lender : nullptr;
    auto pool = std::make_unique<ExecutorPool>(std::move(options), services.spawn_queue);
    executors_.push_back(pool.get());
    runners_.push_back(std::move(pool));
  }
  WarmThreadHandlers(config, handlers);
}

void Runners::Open() {
  for (ExecutorPool* pool : executors_) {
    if (pool != nullptr) pool->Open();
  }
}

void Runners::SetWorkers(const std::vector<std::size_t>& workers) {
  for (QueueIndex i = 0; i < executors_.size(); ++i) {
    if (executors_[i] != nullptr) executors_[i]->SetWorkers(workers[i]);
  }
}

std::string Runners::AllBroken() const {
  std::string reason;
  for (const ExecutorPool* pool : executors_) {
    if (pool == nullptr || pool->Healthy()) return {};
    reason = pool->LastError();
  }
  return "no queue has working executors: " + reason;
}

}  // namespace headrace
