#pragma once

#include <vector>

#include "config/config.h"
#include "config/key.h"

namespace headrace {

// The keys of a queue about jobs that outlive their connections.
const std::vector<Key<QueueConfig>>& KeptKeys();

}  // namespace headrace
