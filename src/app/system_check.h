#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "config/config.h"
#include "handler/registry.h"

namespace headrace {

// Whether this system has what the configuration requires of it to confine jobs. The hint names
// what is missing and what to do. For a process with one thread: it may fork.
Status CheckSystem(const Config& config);

struct MissingExecutor {
  std::string queue;
  std::string path;    // where its program should be
  std::string detail;  // the system's words
};

// The programs in `dir` that queues need and this process cannot start.
std::vector<MissingExecutor> MissingExecutors(const Config& config, const HandlerRegistry& handlers,
                                              const std::string& dir);

}  // namespace headrace
