#include "client/pause.h"

#include <poll.h>

#include <algorithm>
#include <cstdint>

#include "base/random_share.h"

namespace headrace {

bool PauseUntil(const CancelToken& cancel, Deadline until) {
  while (!until.Passed()) {
    if (cancel.Cancelled()) return false;
    pollfd entry{cancel.PollFd(), POLLIN, 0};
    ::poll(&entry, 1, until.PollTimeout());
  }
  return !cancel.Cancelled();
}

std::chrono::milliseconds BackoffDelay(std::chrono::milliseconds first, int attempt,
                                       double random) {
  constexpr int kDoublings = 4;
  const auto times = 1U << static_cast<unsigned>(std::clamp(attempt, 0, kDoublings));
  const double whole = static_cast<double>(first.count()) * times;
  return std::chrono::milliseconds(static_cast<std::int64_t>(whole * (1 - random / 4)));
}

std::chrono::milliseconds BackoffDelay(std::chrono::milliseconds first, int attempt) {
  return BackoffDelay(first, attempt, RandomShare());
}

}  // namespace headrace
