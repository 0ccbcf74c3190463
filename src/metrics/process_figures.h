#pragma once

#include <cstdint>

namespace headrace {

// What the kernel tells of this process (proc(5)). Zero where a file cannot be read.
struct ProcessFigures {
  double cpu_seconds = 0;         // user and system, this process without its children
  double start_time_seconds = 0;  // since the epoch
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
};

ProcessFigures ReadProcessFigures();

}  // namespace headrace
