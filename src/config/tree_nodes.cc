#include "config/tree_nodes.h"

#include <fmt/format.h>

namespace headrace {

std::optional<std::vector<std::string>> ReadTexts(const YamlNode& node, const std::string& path,
                                                  const char* allowed, Problems& problems) {
  if (node.kind != YamlNode::Kind::kList) {
    problems.Add(path, fmt::format("must be a list; allowed: {}", allowed));
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (const YamlNode& item : node.children) {
    if (item.kind != YamlNode::Kind::kScalar) {
      problems.Add(path, fmt::format("item {} is no text (a ~ or null wants quotes); allowed: {}",
                                     texts.size() + 1, allowed));
      return std::nullopt;
    }
    texts.push_back(item.text);
  }
  return texts;
}

std::optional<std::vector<std::pair<std::string, std::string>>> ReadTextMap(const YamlNode& node,
                                                                            const std::string& path,
                                                                            const char* allowed,
                                                                            Problems& problems) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (node.kind != YamlNode::Kind::kMap && node.kind != YamlNode::Kind::kNull) {
    problems.Add(path, fmt::format("must be a map; allowed: {}", allowed));
    return std::nullopt;
  }
  for (const YamlNode& child : node.children) {
    const std::string name = path + "." + child.name;
    problems.SetAtLine(name, child.line);
    if (child.kind == YamlNode::Kind::kScalar) {
      pairs.emplace_back(child.name, child.text);
    } else {
      problems.Add(name, fmt::format("must be one value; allowed: {}", allowed));
    }
  }
  return pairs;
}

}  // namespace headrace
