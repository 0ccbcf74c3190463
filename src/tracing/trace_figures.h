#pragma once

#include <cstdint>

namespace headrace {

// What became of spans, so far.
struct TraceFigures {
  std::uint64_t exported = 0;  // a collector took them
  std::uint64_t dropped = 0;   // pressed out of the queue, or left at the stop
  std::uint64_t failed = 0;    // a collector refused them
};

}  // namespace headrace
