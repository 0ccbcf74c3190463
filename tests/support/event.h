#pragma once

#include <chrono>

#include "base/deadline.h"
#include "base/sync.h"

namespace headrace {

// A latch that tests wait on instead of sleeping. Thread-safe.
class Event {
 public:
  void Set() {
    const MutexLock lock(mu_);
    ++count_;
    changed_.NotifyAll();  // under the lock: whoever waits may destroy the event right after it
  }

  // False if it has not been set `times` times within 30 s, which a test takes for a failure.
  [[nodiscard]] bool Wait(int times = 1) {
    const Deadline deadline = Deadline::After(std::chrono::seconds(30));
    const MutexLock lock(mu_);
    while (count_ < times) {
      if (!changed_.WaitUntil(mu_, deadline)) return count_ >= times;
    }
    return true;
  }

  [[nodiscard]] int Count() {
    const MutexLock lock(mu_);
    return count_;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  int count_ GUARDED_BY(mu_) = 0;
};

// Asks again and again, giving the processor away, until `condition` holds; false after 30 s.
template <class Condition>
[[nodiscard]] bool Eventually(Condition condition) {
  const Deadline deadline = Deadline::After(std::chrono::seconds(30));
  Mutex mu;
  CondVar never;
  while (!condition()) {
    if (deadline.Passed()) return condition();
    const MutexLock lock(mu);
    never.WaitUntil(mu, Deadline::After(std::chrono::microseconds(200)));
  }
  return true;
}

}  // namespace headrace
