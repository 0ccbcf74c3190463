#pragma once

#include <vector>

#include "headrace/handler.h"

namespace headrace {

// The handler `command` of a queue that declares these parameters: any payload, or none, and no
// check but theirs.
HandlerInfo CommandInfo(std::vector<ParamSpec> params);

}  // namespace headrace
