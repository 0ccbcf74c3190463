#pragma once

#include <vector>

#include "config/config.h"
#include "config/key.h"

namespace headrace {

// The keys of the sections `engine` and `webhooks`: where kept jobs are kept, and who is told of
// their ends.
const std::vector<Key<Config>>& EngineSectionKeys();

}  // namespace headrace
