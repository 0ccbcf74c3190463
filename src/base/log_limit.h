#pragma once

#include <atomic>
#include <chrono>

#include "base/deadline.h"

namespace headrace {

// Lets one line per period through, of those that a flood of equal events would write. Thread-safe.
class LogLimit {
 public:
  explicit LogLimit(std::chrono::seconds period = std::chrono::seconds(1)) : period_(period) {}

  [[nodiscard]] bool Allows() {
    const auto now = SteadyClock::now().time_since_epoch();
    auto next = next_.load(std::memory_order_relaxed);
    return now >= next &&
           next_.compare_exchange_strong(next, now + period_, std::memory_order_relaxed);
  }

 private:
  const std::chrono::seconds period_;
  std::atomic<SteadyClock::duration> next_{SteadyClock::duration::zero()};
};

}  // namespace headrace
