#pragma once

#include <string>

#include "config/config.h"
#include "config/problems.h"
#include "config/section_reader.h"
#include "config/yaml.h"

namespace headrace {

// Reads a queue's `params`: what its jobs may be asked with. A name is 1 to 64 of a-z, 0-9, - and
// _, first a letter; each stands for a variable of the program, and no two for the same. Defaults
// are kept in the form that a handler gets ("007" -> "7").
void ReadParams(QueueConfig& queue, const YamlNode& node, const std::string& path,
                Problems& problems);

// Every key of one parameter, below params.<name>.
KeySet<ParamSpec> ParamKeys();

}  // namespace headrace
