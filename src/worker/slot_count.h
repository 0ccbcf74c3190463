#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace headrace {

// How many slots this machine, or this container, can carry, and why.
struct SlotCount {
  std::size_t slots = 1;
  std::string reason;  // the term that decided, for the log
};

// What `slots: auto` needs to know beside the machine.
struct SlotPlan {
  std::uint64_t ledger_bytes = 0;  // memory.budget
  std::uint64_t zygote_bytes = 0;  // all zygotes together
  std::string root = "/";          // where /proc and /sys lie; tests give a tree of their own
  std::size_t affinity = 0;        // cores that the process may use; 0: ask sched_getaffinity
};

// max(1, min(affinity, smallest cgroup v1/v2 CPU quota up to the root, memory)), each rounded down;
// memory = (limit - ledger - zygotes - 128 MiB) / 384 MiB. Unreadable files count as no limit.
SlotCount AutoSlots(const SlotPlan& plan);

// The smallest memory limit of this process's cgroups up to the root, bytes; the machine's memory
// where there is none. In the unified hierarchy both memory.max and memory.high are limits.
std::uint64_t MemoryLimit(const std::string& root);

}  // namespace headrace
