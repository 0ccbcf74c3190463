#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/deadline.h"

namespace headrace::sqlite {

// Where the store's time comes from; tests put their own functions in. Milliseconds.
struct Clock {
  std::function<std::int64_t()> utc;     // since 1970
  std::function<std::int64_t()> boot;    // CLOCK_BOOTTIME: goes on in suspend, knows no steps
  std::function<std::string()> boot_id;  // changes with every boot of the machine
  static Clock Real();
};

// An instant that something waits for, as it is stored: by the wall clock, for another boot of the
// machine, and by the boot clock, which alone counts until then.
struct StoredTime {
  std::int64_t utc = 0;
  std::int64_t boot = 0;
};

// The three clocks, read together. Times of the steady clock have no meaning in another process, so
// they cross by what is left of them.
struct Moment {
  std::int64_t utc = 0;
  std::int64_t boot = 0;
  SteadyTime steady{};

  static Moment Now(const Clock& clock);

  // Rounded up to whole milliseconds.
  [[nodiscard]] StoredTime At(SteadyTime time) const;
  [[nodiscard]] StoredTime After(std::int64_t milliseconds) const;
  [[nodiscard]] SteadyTime SteadyAt(std::int64_t boot_time) const;
};

}  // namespace headrace::sqlite
