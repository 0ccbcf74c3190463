#pragma once

#include <optional>
#include <string>
#include <vector>

namespace headrace {

// What a process may still reach of files, TCP and other processes once it is restricted. A path
// that does not exist is left out, as is one that is in no folder (a pipe, a memfd), which nothing
// restricts; one that is a file allows that file only.
struct LandlockPolicy {
  std::vector<std::string> readable;  // folders: read and execute everything below
  std::vector<std::string> writable;  // folders: read, write, make and remove everything below
  bool network = false;               // false: no TCP (from ABI 4 on)
};

// The version of Landlock that this kernel has (landlock(7)); 0: none.
int LandlockAbi();

// For the calling thread and what it forks or executes from now on; no_new_privs must be set. From
// ABI 6 on it can signal only processes that are restricted by the same call. Returns the reason
// why not, or nothing.
std::optional<std::string> RestrictByLandlock(const LandlockPolicy& policy);

// The same for signals to processes that are not restricted by this call, and for abstract sockets,
// alone. Nothing before ABI 6.
std::optional<std::string> RestrictSignalsByLandlock();

}  // namespace headrace
