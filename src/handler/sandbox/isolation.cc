#include "handler/sandbox/isolation.h"

#include <fmt/format.h>

namespace headrace {

std::vector<std::string> Validate(const IsolationOptions& options) {
  std::vector<std::string> problems;
  if (options.mode == IsolationMode::kThread) {
    const char* const why = "a thread has no limit of its own; leave it out or use mode: process";
    if (options.memory) problems.push_back(fmt::format("memory: {}", why));
    if (options.cpu) problems.push_back(fmt::format("cpu: {}", why));
    if (options.recycle_after.value_or(1) != 1) {
      problems.push_back(
          "recycle_after: there is no process in mode: thread; leave it out or use mode: process");
    }
  }
  if (options.memory &&
      (*options.memory < kLeastExecutorMemory || *options.memory > kMostExecutorMemory)) {
    problems.push_back(fmt::format(
        "memory: {} bytes is out of range, allowed are 64MiB to 1TiB or auto", *options.memory));
  }
  if (options.cpu && (*options.cpu < std::chrono::seconds{1} || *options.cpu > kMostExecutorCpu)) {
    problems.push_back(
        fmt::format("cpu: {} s is out of range, allowed are 1s to 24h", options.cpu->count()));
  }
  const std::uint32_t jobs = options.recycle_after.value_or(1);
  if (jobs < 1 || jobs > kMostRecycleAfter) {
    problems.push_back(fmt::format("recycle_after: {} is out of range, allowed are 1 to {}", jobs,
                                   kMostRecycleAfter));
  }
  return problems;
}

}  // namespace headrace
