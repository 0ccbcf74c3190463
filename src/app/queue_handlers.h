#pragma once

#include <deque>
#include <string>
#include <vector>

#include "app/plan.h"
#include "base/queued_job.h"
#include "config/config.h"
#include "handler/registry.h"

namespace headrace {

// What admission knows of the handler of each queue: the registry's description, or one of the
// queue's own where its keys decide what jobs may ask for. Immutable; its infos keep their address,
// those of the registry must outlive it.
class QueueHandlers {
 public:
  QueueHandlers(const Config& config, const HandlerRegistry& handlers);
  QueueHandlers(const QueueHandlers&) = delete;
  QueueHandlers& operator=(const QueueHandlers&) = delete;

  [[nodiscard]] const HandlerInfo& Of(QueueIndex queue) const { return *infos_.at(queue); }

 private:
  std::deque<HandlerInfo> own_;
  std::vector<const HandlerInfo*> infos_;
};

// The parameters that the queue declares and that are kept out of logs.
std::vector<std::string> SecretParams(const QueueConfig& queue);

// The options of a queue with handler `command`, with what follows from the plan and other keys.
CommandOptions CommandOptionsOf(const Config& config, const Plan& plan, QueueIndex index);

// What the executors of a queue with another handler learn of their handler and of its keys, as
// arguments of their command line.
std::vector<std::string> ExecutorArguments(const QueueConfig& queue, const HandlerEntry& handler);

}  // namespace headrace
