#pragma once

#include <chrono>
#include <cstdint>

#include "base/deadline.h"
#include "base/outcome.h"

namespace headrace {

// Which ends of an attempt are worth another one; for kept jobs. Each attempt but the last of
// QueueOptions::max_attempts is followed by another.
struct RetryPolicy {
  bool crash = true;        // the executor or the program died (type executor-crashed)
  bool unavailable = true;  // 503: it says itself that it may be better later
  bool upstream = false;    // an HTTP app failed or did not answer: it may have seen the request
  // Before the second attempt; twice as long before each further one, up to max_delay; plus 0-20 %.
  std::chrono::milliseconds delay{1'000};
  std::chrono::milliseconds max_delay{60'000};
};

// Whether an attempt that ended so is to be repeated.
[[nodiscard]] bool WorthRetry(const RetryPolicy& policy, const Outcome& outcome);

// How long after its `attempt`th attempt the next may begin. `jitter` in [0, 1).
[[nodiscard]] std::chrono::milliseconds RetryDelay(const RetryPolicy& policy, std::uint32_t attempt,
                                                   double jitter);

}  // namespace headrace
