#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <thread>

#include "base/deadline.h"
#include "base/sync.h"

namespace headrace {

// Runs callbacks at absolute instants, on one thread of its own. Thread-safe. Insertion is cheap
// for the usual case of ever later deadlines, and wakes the thread only if it would sleep too long
// otherwise: a cancelled callback leaves its wake-up to those that follow. The destructor joins;
// callbacks that are not due by then never run.
class Timer {
 public:
  // Names one scheduled callback; the default names none.
  struct Ticket {
    SteadyTime time = SteadyTime::max();
    std::uint64_t number = 0;
    // NOLINTNEXTLINE(modernize-use-nullptr): a known mistake of the check about <=>
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

  // Joins the thread: no callback runs from now on. Once, or by the destructor.
  void Stop();

  // Callbacks that are scheduled and have not begun.
  [[nodiscard]] std::size_t Pending() const;

 private:
  using Entries = std::map<Ticket, std::function<void()>>;

  void Loop();
  // Sleeps until something may be due, then takes it out if it is.
  Entries::node_type TakeDue() REQUIRES(mu_);

  mutable Mutex mu_;
  CondVar changed_;
  Entries entries_ GUARDED_BY(mu_);
  SteadyTime sleeps_until_ GUARDED_BY(mu_) = SteadyTime::min();  // min: it is awake
  std::uint64_t next_number_ GUARDED_BY(mu_) = 1;
  bool stopping_ GUARDED_BY(mu_) = false;
  std::thread thread_;  // last: joined while all above still lives
};

}  // namespace headrace
