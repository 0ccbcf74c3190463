#include "base/deadline.h"

#include <algorithm>
#include <limits>

namespace headrace {

int Deadline::PollTimeout() const {
  if (IsNever()) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(time_ - SteadyClock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max()));
}

}  // namespace headrace
