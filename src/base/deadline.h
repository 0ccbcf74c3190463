#pragma once

#include <chrono>

namespace headrace {

using SteadyClock = std::chrono::steady_clock;
using SteadyTime = SteadyClock::time_point;
using Seconds = std::chrono::duration<double>;

// One absolute instant on the steady clock. Made once, at the edge, and passed down by value;
// nothing below the edge takes a timeout.
class Deadline {
 public:
  static Deadline Never() { return Deadline(SteadyTime::max()); }
  static Deadline After(SteadyClock::duration duration) {
    return Deadline(SteadyClock::now() + duration);
  }
  static Deadline At(SteadyTime time) { return Deadline(time); }

  [[nodiscard]] bool IsNever() const { return time_ == SteadyTime::max(); }
  [[nodiscard]] bool Passed() const { return !IsNever() && SteadyClock::now() >= time_; }
  [[nodiscard]] SteadyTime time() const { return time_; }

  // What is left, rounded up to whole milliseconds for poll(2): -1 for Never, 0 when passed.
  [[nodiscard]] int PollTimeout() const;

  friend bool operator==(const Deadline&, const Deadline&) = default;
  friend auto operator<=>(const Deadline& a, const Deadline& b) { return a.time_ <=> b.time_; }

 private:
  explicit Deadline(SteadyTime time) : time_(time) {}
  SteadyTime time_;
};

}  // namespace headrace
