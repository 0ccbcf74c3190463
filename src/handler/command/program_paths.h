#pragma once

#include <string>
#include <vector>

#include "handler/command/command_options.h"
#include "handler/sandbox/landlock.h"
#include "handler/sandbox/mount_view.h"

namespace headrace {

// What the operator's program may reach of the file system: to read, the system's programs,
// libraries and the settings that they need, the paths of `argv`, the options' `readable`, and what
// it is given as descriptors 0 to 3; to write, `folder`, the options' `writable` and /dev/null. Not
// the rest of /etc, /proc, /var, nor anybody's home.
LandlockPolicy ReachOfProgram(const CommandOptions& options, const std::vector<std::string>& argv,
                              const std::string& folder);

// The same for a program in namespaces of its own: `reach` is seen, but of the folders where
// others keep their files nothing else is, and nothing is writable beside `reach.writable`. Of
// folders like /tmp a queue gets all that it names as its own.
MountView ViewOfProgram(const CommandOptions& options, const LandlockPolicy& reach);

}  // namespace headrace
