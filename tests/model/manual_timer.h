#pragma once

#include <cstddef>

#include "base/deadline.h"

namespace headrace::model {

// What the timers of this program have scheduled. They have no thread: a callback runs when the
// test says so, and the deadline only gives the order. Not thread-safe.
struct ManualTimers {
  // Callbacks that are scheduled, in the order of their deadlines.
  static std::size_t Pending();
  static SteadyTime DeadlineOf(std::size_t which);
  // Runs one, as if its time had come.
  static void Fire(std::size_t which);
};

}  // namespace headrace::model
