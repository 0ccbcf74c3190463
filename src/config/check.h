#pragma once

#include <string_view>

#include "config/config.h"
#include "config/load.h"
#include "config/problems.h"

namespace headrace {

// 1 to 63 of a-z, 0-9 and -, the first a letter or digit: it stands in paths, labels and file
// names.
bool IsQueueName(std::string_view name);

// Finds what no single key can tell: values that the modules refuse, and combinations that cannot
// work on the machine that the source tells of.
void CheckConfig(const Config& config, const ConfigSource& source, Problems& problems);

}  // namespace headrace
