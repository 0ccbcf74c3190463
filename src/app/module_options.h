#pragma once

#include <string>
#include <vector>

#include "app/plan.h"
#include "app/queue_handlers.h"
#include "app/runners.h"
#include "config/config.h"
#include "engine/engine.h"
#include "service/submission.h"
#include "worker/worker_pool.h"

namespace headrace {

// What the modules are told of the configured queues, at the start and by a reload. All in the
// order of the configuration, which is that of QueueIndex.

std::vector<std::string> QueueNames(const Config& config);
std::vector<QueueOptions> EngineQueues(const Config& config, const Plan& plan);
// `handlers` and `runners` outlive what is made of them.
std::vector<ServiceQueue> ServiceQueues(const Config& config, const Plan& plan,
                                        const QueueHandlers& handlers, const Runners& runners);
std::vector<WorkerQueue> WorkerQueues(const Config& config, const Plan& plan,
                                      const Runners& runners);

}  // namespace headrace
