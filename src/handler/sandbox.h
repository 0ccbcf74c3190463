#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "handler/frames.h"

namespace headrace {

// What a zygote and an executor do to themselves before they touch anything of a client. Child
// side, single-threaded. Each returns the reason why it failed, or nothing. The order matters and
// is that of the functions: the OOM score before the process becomes undumpable (its /proc files
// then belong to root), the limits last.

// The kernel kills this process with SIGKILL when the service ends; fails if it already has.
std::optional<std::string> DieWithService(pid_t service);

// For the zygote: when memory runs out the kernel takes an executor (which inherits the score) or
// the zygote, never the service. Without /proc the score stays as it is.
void PreferAsVictim();

// No core dumps, no ptrace, no /proc/PID/mem for other processes of the same user.
std::optional<std::string> HideMemory();

// For the executor: its share of the cores, no_new_privs and the resource limits. A limit which is
// already lower stays. Sanitizer builds leave the address space unlimited, their shadow memory
// needs it.
std::optional<std::string> LimitResources(const ExecutorLimits& limits);

// For the executor: `socket` becomes descriptor 3, stderr goes where stdout goes (/dev/null;
// sanitizer builds keep it for their reports), everything else is closed.
std::optional<std::string> KeepOnlySocket(int socket);

inline constexpr int kExecutorSocket = 3;

}  // namespace headrace
