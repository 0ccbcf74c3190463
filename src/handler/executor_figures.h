#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace headrace {

// Why an executor ended before its time.
enum class ExecutorDeath {
  kCrash,
  kMemory,
  kCpu,
  kDeadline,
  kCancelled,
  kProtocol,
  kResult,
  kSandbox,  // it asked the kernel for what its sandbox forbids
};
inline constexpr std::size_t kExecutorDeaths = 8;
inline constexpr std::array<const char*, kExecutorDeaths> kExecutorDeathNames{
    "crash", "memory", "cpu", "deadline", "cancelled", "protocol", "result", "sandbox"};

// A copy of what an executor pool has counted since its start.
struct ExecutorFigures {
  std::uint64_t started = 0;
  std::array<std::uint64_t, kExecutorDeaths> deaths{};
};

// What went wrong last with the processes of a queue, in words that clients may read.
enum class ExecutorTrouble {
  kNone,
  kNoStart,  // the zygote could not be started
  kHandler,  // the handler could not be warmed
  kTooSlow,  // it was not warm in time
  kZygote,   // a zygote ended that had been warm
  kUnfit,    // an executor could not limit or confine itself, or ended before its job
};
inline constexpr std::size_t kExecutorTroubles = 6;
inline constexpr std::array<const char*, kExecutorTroubles> kExecutorTroubleNames{
    "", "cannot-start", "handler-broken", "too-slow", "zygote-ended", "executor-unfit"};

// How the processes of a queue are at this instant.
struct ExecutorState {
  bool ready = false;
  bool healthy = false;
  ExecutorTrouble trouble = ExecutorTrouble::kNone;
  ExecutorFigures figures;
};

// The counters themselves. Thread-safe.
class ExecutorCounters {
 public:
  void OnStarted() { started_.fetch_add(1, std::memory_order_relaxed); }
  void OnDeath(ExecutorDeath reason) {
    deaths_.at(static_cast<std::size_t>(reason)).fetch_add(1, std::memory_order_relaxed);
  }

  [[nodiscard]] ExecutorFigures Figures() const {
    ExecutorFigures figures;
    figures.started = started_.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < kExecutorDeaths; ++i) {
      figures.deaths.at(i) = deaths_.at(i).load(std::memory_order_relaxed);
    }
    return figures;
  }

 private:
  std::atomic<std::uint64_t> started_{0};
  std::array<std::atomic<std::uint64_t>, kExecutorDeaths> deaths_{};
};

}  // namespace headrace
