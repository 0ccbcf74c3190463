#pragma once

#include <deque>
#include <string>
#include <vector>

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

// What the queue's executors learn of their handler and of its keys, as arguments of their command
// line.
std::vector<std::string> ExecutorArguments(const QueueConfig& queue, const HandlerEntry& handler);

}  // namespace headrace
