#pragma once

#include "base/error.h"
#include "config/config.h"

namespace headrace {

// Whether this system has what the configuration requires of it to confine jobs. The hint names
// what is missing and what to do. For a process with one thread: it may fork.
Status CheckSystem(const Config& config);

}  // namespace headrace
