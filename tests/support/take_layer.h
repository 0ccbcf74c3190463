#pragma once

#include <string>

namespace headrace::testing_support {

// Takes one layer of the executors' sandbox ("no_new_privs", "rlimits", "landlock", "seccomp"), or
// of what commands' namespaces are made of ("namespaces", "mounts"), away from this process and all
// that it starts, as an older kernel or a container's profile does: its system calls fail. False if
// there is no such layer or it cannot be taken.
bool TakeLayerAway(const std::string& layer);

}  // namespace headrace::testing_support
