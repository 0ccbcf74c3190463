#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/problems.h"

namespace headrace {

// One node of a configuration file. Maps and lists have children, those of a list without names;
// scalars have text.
struct YamlNode {
  enum class Kind { kMap, kScalar, kNull, kList };
  std::string name;  // its key in the map around it
  int line = 0;      // of that key, from 1
  Kind kind = Kind::kNull;
  std::string text;  // kScalar
  std::vector<YamlNode> children;
};

// The file as a tree whose root is a map, an empty one for an empty file; nothing if it cannot be
// read or is no YAML map. What is wrong goes to `problems`, also keys that are given twice. The
// YAML library and its exceptions stay behind this function.
std::optional<YamlNode> ReadYaml(const std::string& file, Problems& problems);

}  // namespace headrace
