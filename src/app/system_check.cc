#include "app/system_check.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "app/runners.h"
#include "handler/sandbox/namespaces.h"
#include "handler/sandbox/sandbox_layers.h"

namespace headrace {

Status CheckSystem(const Config& config) {
  if (auto sandbox = CheckSandbox(config.sandbox, ProbeSandbox()); !sandbox) return sandbox;
  const auto wants = [](const QueueConfig& queue) {
    return queue.RunsCommand() && queue.command.namespaces;
  };
  const auto first = std::find_if(config.queues.begin(), config.queues.end(), wants);
  return first == config.queues.end() ? Ok() : CheckNamespaces(first->name);
}

std::vector<MissingExecutor> MissingExecutors(const Config& config, const HandlerRegistry& handlers,
                                              const std::string& dir) {
  std::vector<MissingExecutor> missing;
  for (const QueueConfig& queue : config.queues) {
    if (!queue.NeedsExecutors()) continue;
    const std::string path = ExecutorPath(dir, *handlers.Find(queue.handler));
    if (::access(path.c_str(), X_OK) == 0) continue;
    missing.push_back({queue.name, path, std::generic_category().message(errno)});
  }
  return missing;
}

}  // namespace headrace
