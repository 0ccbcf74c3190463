#include "service/retry_policy.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace headrace {

bool WorthRetry(const RetryPolicy& policy, const Outcome& outcome) {
  if (outcome.state != JobState::kFailed || !outcome.error) return false;
  const std::string_view type = outcome.error->type;
  if (type == "executor-crashed") return policy.crash;
  if (type == "upstream-failed" || type == "upstream-unreachable") return policy.upstream;
  return outcome.error->code == ErrorCode::kUnavailable && policy.unavailable;
}

std::chrono::milliseconds RetryDelay(const RetryPolicy& policy, std::uint32_t attempt,
                                     double jitter) {
  constexpr double kJitter = 0.2;
  const double grown =
      static_cast<double>(policy.delay.count()) * std::exp2(static_cast<double>(attempt) - 1);
  const double capped = std::min(grown, static_cast<double>(policy.max_delay.count()));
  return std::chrono::milliseconds(std::llround(capped * (1 + kJitter * jitter)));
}

}  // namespace headrace
