#include "service/retry_after.h"

#include <algorithm>
#include <cmath>

namespace headrace {
namespace {

// What was measured longer ago than about this many seconds of work counts half and less.
constexpr double kMemorySeconds = 60;

std::int64_t WholeSeconds(SteadyTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

RetrySchedule::RetrySchedule(std::size_t at_once, Seconds expected_run)
    : expected_rate_(static_cast<double>(at_once) / expected_run.count()) {}

void RetrySchedule::Expect(std::size_t at_once, Seconds expected_run) {
  const MutexLock lock(mu_);
  expected_rate_ = static_cast<double>(at_once) / expected_run.count();
}

void RetrySchedule::OnFinished(SteadyTime now, bool others_wait) {
  const MutexLock lock(mu_);
  if (busy_) {
    busy_seconds_ += Seconds(now - busy_since_).count();
    finished_ += 1;
    if (busy_seconds_ > 2 * kMemorySeconds) {
      busy_seconds_ /= 2;
      finished_ /= 2;
    }
  }
  busy_ = others_wait;
  busy_since_ = now;
}

int RetrySchedule::Promise(SteadyTime now, double jitter) {
  const MutexLock lock(mu_);
  const std::int64_t second = WholeSeconds(now);
  Forget(second);
  const double exact = std::ceil(static_cast<double>(promises_ + 1) / Rate());
  const int delay = static_cast<int>(
      std::clamp(std::floor(exact * (1 + 0.2 * jitter)), 1.0, static_cast<double>(kMost)));
  ++due_[static_cast<std::size_t>(second + delay) % due_.size()];
  ++promises_;
  return delay;
}

double RetrySchedule::DrainRate() const {
  const MutexLock lock(mu_);
  return Rate();
}

double RetrySchedule::Rate() const {
  return finished_ > 0 && busy_seconds_ > 0 ? finished_ / busy_seconds_ : expected_rate_;
}

void RetrySchedule::Forget(std::int64_t second) {
  const std::int64_t size = static_cast<std::int64_t>(due_.size());
  const std::int64_t from = std::max(last_second_ + 1, second - size + 1);
  for (std::int64_t at = from; at <= second; ++at) {
    std::uint32_t& due = due_[static_cast<std::size_t>(at % size)];
    promises_ -= due;
    due = 0;
  }
  last_second_ = second;
}

}  // namespace headrace
