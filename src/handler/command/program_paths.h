#pragma once

#include <string>
#include <vector>

#include "handler/command/command_options.h"
#include "handler/landlock.h"

namespace headrace {

// What the operator's program may reach of the file system: to read, the system's programs,
// libraries and the settings that they need, the paths of `argv`, the options' `readable`, and what
// it is given as descriptors 0 to 3; to write, `folder`, the options' `writable` and /dev/null. Not
// the rest of /etc, /proc, /var, nor anybody's home.
LandlockPolicy ReachOfProgram(const CommandOptions& options, const std::vector<std::string>& argv,
                              const std::string& folder);

}  // namespace headrace
