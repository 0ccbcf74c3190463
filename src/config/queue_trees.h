#pragma once

#include <vector>

#include "config/config.h"
#include "config/section_reader.h"

namespace headrace {

// The lists and maps of queues with `handler: command`.
const std::vector<TreeKey<QueueConfig>>& CommandTrees();

// Every key of one queue that is a list or a map, below queues.<name>.
const std::vector<TreeKey<QueueConfig>>& QueueTrees();

}  // namespace headrace
