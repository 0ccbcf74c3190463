#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "config/config.h"

namespace headrace {

// How the machine is shared out: what `auto` means here and now.
struct Plan {
  std::size_t slots = 1;
  std::string slots_reason;                    // the term that decided
  std::uint64_t memory_limit = 0;              // bytes: the cgroup's, else the machine's
  std::uint64_t budget = 0;                    // bytes of the ledger
  std::vector<std::size_t> workers;            // per queue
  std::vector<std::uint64_t> executor_memory;  // bytes per queue; 0 where it needs no executors
};

// Shares out the machine whose /proc and /sys lie below `root`; `cores` 0 asks the system. Refuses
// what cannot fit the memory limit, with the sum: a child that is killed for the container's memory
// may take the whole container with it.
Expected<Plan> MakePlan(const Config& config, const std::string& root = "/", std::size_t cores = 0);

// The shares of a service that runs, with the numbers of workers of another configuration, which is
// the same in all else that a plan is made of. Refuses what does not fit, as above.
Expected<Plan> Replan(const Config& config, const Plan& running);

}  // namespace headrace
