#pragma once

#include <cstdint>

namespace headrace {

// Processes and threads that this user has now, which is what RLIMIT_NPROC counts.
std::uint64_t CountOwnTasks();

}  // namespace headrace
