#pragma once

#include <vector>

#include "config/config.h"
#include "config/key.h"

namespace headrace {

// The keys of a queue that say where `handler: http` sends its jobs, in the order of the sample.
const std::vector<Key<QueueConfig>>& UpstreamKeys();

}  // namespace headrace
