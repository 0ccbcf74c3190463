#include "config/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/text_file.h"

namespace headrace {
namespace {

constexpr std::size_t kMostBytes = std::size_t{16} << 20U;
// An alias may stand for what it is in, and for a list of aliases of lists.
constexpr int kMostLevels = 32;
constexpr std::size_t kMostNodes = 100'000;

constexpr const char* kOneDocument =
    "what stands here is a second document (behind --- or ..., or a map in braces); one is allowed";

int LineOf(const YAML::Node& node) { return node.Mark().line + 1; }

// Turns the library's graph into a tree.
class Converter {
 public:
  explicit Converter(Problems& problems) : problems_(problems) {}

  YamlNode Convert(const YAML::Node& node, int level = 0) {
    YamlNode result;
    if (level > kMostLevels || nodes_++ > kMostNodes) {
      TellExcess(node);
    } else if (node.IsSequence()) {
      result.kind = YamlNode::Kind::kList;
      for (const auto& item : node) result.children.push_back(Convert(item, level + 1));
    } else if (node.IsScalar()) {
      result.kind = YamlNode::Kind::kScalar;
      result.text = node.Scalar();
    } else if (node.IsMap()) {
      result.kind = YamlNode::Kind::kMap;
      AddEntries(node, level, result);
    }
    return result;
  }

 private:
  void AddEntries(const YAML::Node& map, int level, YamlNode& result) {
    std::set<std::string> names;
    for (const auto& entry : map) {
      const int line = LineOf(entry.first);
      if (!entry.first.IsScalar()) {
        problems_.AddAtLine(line, "a key must be a word");
        continue;
      }
      const std::string name = entry.first.Scalar();
      if (!names.insert(name).second) {
        problems_.AddAtLine(line, fmt::format("{}: is given twice, once is allowed", name));
        continue;
      }
      YamlNode child = Convert(entry.second, level + 1);
      child.name = name;
      child.line = line;
      result.children.push_back(std::move(child));
    }
  }

  void TellExcess(const YAML::Node& node) {
    if (std::exchange(told_, true)) return;
    problems_.AddAtLine(LineOf(node),
                        fmt::format("is nested more than {} deep, or has more than {} values, its "
                                    "aliases (*name) counted; use fewer",
                                    kMostLevels, kMostNodes));
  }

  Problems& problems_;
  std::size_t nodes_ = 0;
  bool told_ = false;
};

}  // namespace

std::optional<YamlNode> ReadYaml(const std::string& file, Problems& problems) {
  const auto text = ReadTextFile(file, kMostBytes);
  if (!text) {
    problems.AddAtLine(0, text.error().hint);
    return std::nullopt;
  }
  try {
    // All of them: what stands behind the first one would else be passed over in silence.
    const std::vector<YAML::Node> documents = YAML::LoadAll(*text);
    if (documents.size() > 1) {
      problems.AddAtLine(LineOf(documents[1]), kOneDocument);
      return std::nullopt;
    }
    YamlNode root = documents.empty() ? YamlNode() : Converter(problems).Convert(documents.front());
    if (root.kind == YamlNode::Kind::kNull) root.kind = YamlNode::Kind::kMap;
    if (root.kind == YamlNode::Kind::kMap) return root;
    problems.AddAtLine(1, "must be a map of sections, as in config/headrace.yaml");
  } catch (const YAML::Exception& e) {
    problems.AddAtLine(e.mark.is_null() ? 0 : e.mark.line + 1, "is not YAML: " + e.msg);
  }
  return std::nullopt;
}

}  // namespace headrace
