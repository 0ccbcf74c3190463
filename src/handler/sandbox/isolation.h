#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace headrace {

enum class IsolationMode { kProcess, kThread };

// How executors share the cores with the service's own threads (sched(7)).
enum class ExecutorPriority {
  kNormal,  // as equals
  kLow,     // SCHED_BATCH at nice 5: a third of what a busy reactor gets, and never before it
  kIdle,    // SCHED_IDLE: what is left over
};

// `sandbox:` of the service: whether executors may run where a part of their sandbox is missing.
enum class SandboxMode { kBestEffort, kRequired };

// `isolation:` of a queue: where its handler runs and what one job may use.
struct IsolationOptions {
  IsolationMode mode = IsolationMode::kProcess;
  std::optional<std::uint64_t> memory;      // bytes of address space; nothing: auto
  std::optional<std::chrono::seconds> cpu;  // CPU time; nothing: 60 s
  // Jobs per executor; nothing: as the handler wants, 1 for most.
  std::optional<std::uint32_t> recycle_after;
  ExecutorPriority priority = ExecutorPriority::kLow;
  bool parallel = true;  // one job may use several executors
};

inline constexpr std::uint64_t kLeastExecutorMemory = std::uint64_t{64} << 20U;
inline constexpr std::uint64_t kMostExecutorMemory = std::uint64_t{1} << 40U;
inline constexpr std::uint64_t kAutoExecutorMemory = std::uint64_t{1} << 30U;
inline constexpr std::chrono::seconds kDefaultExecutorCpu{60};
inline constexpr std::chrono::seconds kMostExecutorCpu{86'400};
inline constexpr std::uint32_t kMostRecycleAfter = 1'000'000;

// Every problem, each beginning with the key it is about ("memory: ...").
std::vector<std::string> Validate(const IsolationOptions& options);

}  // namespace headrace
