#pragma once

#include <vector>

#include "config/config.h"
#include "config/key.h"

namespace headrace {

// Every scalar key outside of `queues`, in the order of the sample.
const std::vector<Key<Config>>& ProgramKeys();

// Every scalar key of one queue, below queues.<name>.
const std::vector<Key<QueueConfig>>& QueueKeys();

}  // namespace headrace
