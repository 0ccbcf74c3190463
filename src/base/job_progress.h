#pragma once

#include <atomic>
#include <cstdint>

namespace headrace {

// How far a job is, in steps of its handler's choice. The worker that drives the job writes it, any
// thread reads it; both numbers always belong together. A copy is a snapshot.
class JobProgress {
 public:
  struct Steps {
    std::uint32_t done = 0;
    std::uint32_t total = 0;  // 0: nothing has been told yet
  };

  JobProgress() = default;
  JobProgress(const JobProgress& other) : packed_(other.packed_.load(std::memory_order_relaxed)) {}
  JobProgress& operator=(const JobProgress& other) {
    packed_.store(other.packed_.load(std::memory_order_relaxed), std::memory_order_relaxed);
    return *this;
  }
  ~JobProgress() = default;

  // Const like the job that it belongs to: jobs do not change once they are pushed, but for this
  // and their token.
  void Set(Steps steps) const {
    packed_.store(std::uint64_t{steps.done} << 32U | steps.total, std::memory_order_relaxed);
  }
  [[nodiscard]] Steps Get() const {
    const std::uint64_t packed = packed_.load(std::memory_order_relaxed);
    return {static_cast<std::uint32_t>(packed >> 32U), static_cast<std::uint32_t>(packed)};
  }

 private:
  mutable std::atomic<std::uint64_t> packed_{0};
};

}  // namespace headrace
