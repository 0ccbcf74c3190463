#pragma once

#include <vector>

#include "config/config.h"
#include "config/key.h"

namespace headrace {

// The keys of the section `tracing`.
const std::vector<Key<Config>>& TracingKeys();

}  // namespace headrace
