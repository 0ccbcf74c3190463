#include "app/system_check.h"

#include <algorithm>

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

}  // namespace headrace
