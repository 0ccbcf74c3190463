#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/problems.h"
#include "config/yaml.h"

namespace headrace {

// The texts of a list, whatever is in them; nothing, and a problem of `path`, if the node is no
// list of words. `allowed` says what it should be.
std::optional<std::vector<std::string>> ReadTexts(const YamlNode& node, const std::string& path,
                                                  const char* allowed, Problems& problems);

// The names and texts of a map, in the order of the file; what is no word is a problem of
// `path`.<name>. Nothing if the node is no map.
std::optional<std::vector<std::pair<std::string, std::string>>> ReadTextMap(const YamlNode& node,
                                                                            const std::string& path,
                                                                            const char* allowed,
                                                                            Problems& problems);

}  // namespace headrace
