#pragma once

#include <sys/types.h>

#include <vector>

namespace headrace {

// The service, its process group, its threads and what it has started by now (zygotes, executors,
// keepers), with the caller and its zygote: what no code that was taken over may signal. At most as
// many as fit in a syscall filter.
std::vector<pid_t> ServiceProcesses(pid_t service, pid_t zygote);

// The numbers in a file like /proc/PID/task/TID/children; none if it cannot be read.
std::vector<pid_t> ReadPids(const char* file);

}  // namespace headrace
