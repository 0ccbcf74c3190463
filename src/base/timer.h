#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <thread>

#include "base/deadline.h"
#include "base/sync.h"

namespace headrace {

// Runs callbacks at absolute instants, on one thread of its own. Thread-safe. Insertion is cheap for the
// usual case of ever later deadlines, and wakes the thread only if the new one is the earliest. The
// destructor joins; callbacks that are not due by then never run.
class Timer {
 public:
  // Names one scheduled callback; the default names none.
  struct Ticket {
    SteadyTime time = SteadyTime::max();
    std::uint64_t number = 0;
    friend auto operator<=>(const Ticket&, const Ticket&) = default;
  };

  Timer();
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Runs `callback` once the deadline has passed, outside all locks. It must not block.
  Ticket Schedule(Deadline deadline, std::function<void()> callback);

  // Forgets a callback that has not begun. It may be running while this returns.
  void Cancel(const Ticket& ticket);

 private:
  void Loop();

  Mutex mu_;
  CondVar changed_;
  std::map<Ticket, std::function<void()>> entries_ GUARDED_BY(mu_);
  std::uint64_t next_number_ GUARDED_BY(mu_) = 1;
  bool stopping_ GUARDED_BY(mu_) = false;
  std::thread thread_;  // last: joined while all above still lives
};

}  // namespace headrace
