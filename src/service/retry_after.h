#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/deadline.h"
#include "base/sync.h"

namespace headrace {

// Spreads the clients that a full queue has sent away. Each is told to come back after
//   ceil((promises + 1) / drain) seconds, plus 0-20 %, from 1 to 300,
// promises = refusals whose own time is not over yet, drain = jobs finished per second while the
// queue was not empty; before the first, at_once / expected_run. One per queue. Thread-safe.
class RetrySchedule {
 public:
  // `at_once` >= 1: jobs that can run at a time; `expected_run` > 0.
  RetrySchedule(std::size_t at_once, Seconds expected_run);

  // The same from now on; what was measured counts on.
  void Expect(std::size_t at_once, Seconds expected_run);

  // A job has ended; `others_wait` tells whether the queue holds more.
  void OnFinished(SteadyTime now, bool others_wait);

  // Seconds that the client refused at `now` is told; counts it as a promise. `jitter` in [0, 1).
  int Promise(SteadyTime now, double jitter);

  // Jobs per second, as measured (or expected).
  [[nodiscard]] double DrainRate() const;

 private:
  static constexpr int kMost = 300;  // seconds

  double Rate() const REQUIRES(mu_);
  void Forget(std::int64_t second) REQUIRES(mu_);

  mutable Mutex mu_;
  double expected_rate_ GUARDED_BY(mu_);
  std::array<std::uint32_t, kMost + 1> due_
      GUARDED_BY(mu_){};  // promises by the second they end in
  std::int64_t last_second_ GUARDED_BY(mu_) = 0;
  std::uint64_t promises_ GUARDED_BY(mu_) = 0;
  double busy_seconds_ GUARDED_BY(mu_) = 0;  // decays, so that the rate follows the load
  double finished_ GUARDED_BY(mu_) = 0;
  SteadyTime busy_since_ GUARDED_BY(mu_){};
  bool busy_ GUARDED_BY(mu_) = false;
};

}  // namespace headrace
