#include "app/module_options.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>

namespace headrace {
namespace {

// What the API tells of a queue's processes; null for a queue on threads.
std::function<ExecutorState()> StateOf(const ExecutorPool* pool) {
  if (pool == nullptr) return nullptr;
  return [pool] { return pool->State(); };
}

RetryPolicy RetriesOf(const QueueConfig& queue) {
  const auto named = [&queue](const char* word) {
    return std::find(queue.retry_on.begin(), queue.retry_on.end(), word) != queue.retry_on.end();
  };
  return {named("crash"), named("unavailable"), named("upstream"), queue.retry_delay,
          queue.retry_max_delay};
}

}  // namespace

std::vector<std::string> QueueNames(const Config& config) {
  std::vector<std::string> names;
  names.reserve(config.queues.size());
  for (const QueueConfig& queue : config.queues) names.push_back(queue.name);
  return names;
}

std::vector<QueueOptions> EngineQueues(const Config& config, const Plan& plan) {
  std::vector<QueueOptions> queues;
  for (std::size_t i = 0; i < config.queues.size(); ++i) {
    const QueueConfig& queue = config.queues[i];
    queues.push_back({queue.name, plan.workers[i], queue.capacity, queue.result_ttl,
                      queue.run_timeout, static_cast<std::uint32_t>(queue.max_attempts)});
  }
  return queues;
}

std::vector<ServiceQueue> ServiceQueues(const Config& config, const Plan& plan,
                                        const QueueHandlers& handlers, const Runners& runners) {
  std::vector<ServiceQueue> queues;
  auto engine_queues = EngineQueues(config, plan);
  for (std::size_t i = 0; i < config.queues.size(); ++i) {
    const QueueConfig& queue = config.queues[i];
    ServiceQueue served;
    served.options = std::move(engine_queues[i]);
    served.handler = &handlers.Of(i);
    served.deadline = queue.deadline;
    served.expected_run = queue.expected_run;
    served.async_deadline = queue.async_deadline;
    served.retries = RetriesOf(queue);
    served.webhook_url = queue.webhook_url;
    served.at_once = queue.OnlyWaits() ? plan.workers[i] : std::min(plan.workers[i], plan.slots);
    served.path = queue.path;
    served.executors = StateOf(runners.ExecutorsOf(i));
    served.sends_pieces = queue.OnlyWaits() && queue.upstream.stream;
    queues.push_back(std::move(served));
  }
  return queues;
}

std::vector<WorkerQueue> WorkerQueues(const Config& config, const Plan& plan,
                                      const Runners& runners) {
  std::vector<WorkerQueue> queues;
  for (std::size_t i = 0; i < config.queues.size(); ++i) {
    const QueueConfig& queue = config.queues[i];
    queues.push_back({queue.name, plan.workers[i], !queue.OnlyWaits(), runners.Of(i)});
  }
  return queues;
}

}  // namespace headrace
