#pragma once

#include <vector>

#include "config/config.h"
#include "config/key.h"

namespace headrace {

// The scalar keys of queues with `handler: command`, in the order of examples/command.
const std::vector<Key<QueueConfig>>& CommandKeys();

}  // namespace headrace
