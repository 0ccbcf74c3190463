#pragma once

#include <string>

#include "config/config.h"
#include "config/problems.h"

namespace headrace {

// A queue with `handler: http`: it needs an upstream, and nothing that belongs to executors.
// `path` is the queue's, with its last dot.
void CheckUpstream(const QueueConfig& queue, const std::string& path, Problems& problems);

// A queue with another handler: none of the upstream's keys says anything but its default.
void CheckNoUpstream(const QueueConfig& queue, const std::string& path, Problems& problems);

}  // namespace headrace
