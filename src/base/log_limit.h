#pragma once

#include <atomic>
#include <chrono>

#include "base/deadline.h"

namespace headrace {

// Lets one line a second through, of those that a flood of equal events would write. Thread-safe.
class LogLimit {
 public:
  [[nodiscard]] bool Allows() {
    const auto now = SteadyClock::now().time_since_epoch();
    auto next = next_.load(std::memory_order_relaxed);
    return now >= next && next_.compare_exchange_strong(next, now + std::chrono::seconds(1),
                                                        std::memory_order_relaxed);
  }

 private:
  std::atomic<SteadyClock::duration> next_{SteadyClock::duration::zero()};
};

}  // namespace headrace
