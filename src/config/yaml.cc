#include "config/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <system_error>

namespace headrace {
namespace {

int LineOf(const YAML::Node& node) { return node.Mark().line + 1; }

YamlNode Convert(const YAML::Node& node, Problems& problems) {
  YamlNode result;
  switch (node.Type()) {
    case YAML::NodeType::Null:
    case YAML::NodeType::Undefined:
      return result;
    case YAML::NodeType::Sequence:
      result.kind = YamlNode::Kind::kList;
      for (const auto& item : node) result.children.push_back(Convert(item, problems));
      return result;
    case YAML::NodeType::Scalar:
      result.kind = YamlNode::Kind::kScalar;
      result.text = node.Scalar();
      return result;
    case YAML::NodeType::Map:
      break;
  }
  result.kind = YamlNode::Kind::kMap;
  std::set<std::string> names;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) {
      problems.AddAtLine(LineOf(entry.first), "a key must be a word");
      continue;
    }
    const std::string name = entry.first.Scalar();
    if (!names.insert(name).second) {
      problems.AddAtLine(LineOf(entry.first),
                         fmt::format("{}: is given twice, once is allowed", name));
      continue;
    }
    YamlNode child = Convert(entry.second, problems);
    child.name = name;
    child.line = LineOf(entry.first);
    result.children.push_back(std::move(child));
  }
  return result;
}

}  // namespace

std::optional<YamlNode> ReadYaml(const std::string& file, Problems& problems) {
  std::ifstream stream(file);
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream.is_open() || stream.bad()) {
    problems.AddAtLine(0,
                       fmt::format("cannot be read: {}", std::generic_category().message(errno)));
    return std::nullopt;
  }
  try {
    YamlNode root = Convert(YAML::Load(text), problems);
    if (root.kind == YamlNode::Kind::kNull) root.kind = YamlNode::Kind::kMap;
    if (root.kind == YamlNode::Kind::kMap) return root;
    problems.AddAtLine(1, "must be a map of sections, as in config/headrace.yaml");
  } catch (const YAML::Exception& e) {
    problems.AddAtLine(e.mark.is_null() ? 0 : e.mark.line + 1, "is not YAML: " + e.msg);
  }
  return std::nullopt;
}

}  // namespace headrace
