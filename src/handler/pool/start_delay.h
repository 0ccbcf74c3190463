#pragma once

#include <algorithm>
#include <chrono>

namespace headrace {

// How long to wait before the next start after so many in a row that failed: nothing, 100 ms, then
// twice as long each time, up to 10 s.
inline std::chrono::milliseconds StartDelay(int failures) {
  constexpr std::chrono::milliseconds kFirst{100};
  constexpr std::chrono::milliseconds kLongest{10'000};
  if (failures == 0) return std::chrono::milliseconds{0};
  return std::min(kFirst * (1 << std::min(failures - 1, 10)), kLongest);
}

}  // namespace headrace
