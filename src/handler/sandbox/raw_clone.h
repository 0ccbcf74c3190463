#pragma once

#include <sys/types.h>

namespace headrace {

// fork(2) with flags of clone(2), SIGCHLD among them where the parent is to be told. Plain clone:
// container profiles answer clone3 with ENOSYS. For a process with one thread. `pidfd` is filled in
// by CLONE_PIDFD. Returns what fork does.
pid_t RawClone(unsigned long flags, int* pidfd = nullptr);

}  // namespace headrace
