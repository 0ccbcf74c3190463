#pragma once

#include <string>

#include "config/config.h"
#include "config/load.h"
#include "config/problems.h"

namespace headrace {

// A queue with handler `command`: needs a program that is there, beside keys that go together, and
// more than being root. `path` is the queue's ("queues.a.").
void CheckCommand(const QueueConfig& queue, const std::string& path, const ConfigSource& source,
                  Problems& problems);

// A queue with another handler: must not have its keys.
void CheckNoCommand(const QueueConfig& queue, const std::string& path, Problems& problems);

}  // namespace headrace
