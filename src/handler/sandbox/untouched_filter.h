#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <vector>

namespace headrace {

// The beginning of a seccomp filter: refuses with EPERM what signals, reschedules or moves one of
// `untouched` or a process group that it leads, and goes on behind its own end for every other
// call. One instruction for each of these numbers, so that a service with thousands of threads fits
// in the kernel's limit; libseccomp takes one for each of them and each call.
std::vector<sock_filter> UntouchedFilter(const std::vector<pid_t>& untouched);

}  // namespace headrace
