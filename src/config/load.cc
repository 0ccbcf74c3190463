#include "config/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "config/check.h"
#include "config/keys.h"
#include "config/problems.h"
#include "config/yaml.h"

namespace headrace {
namespace {

constexpr std::string_view kPrefix = "HEADRACE_";
constexpr const char* kNoQueue = "no queue is configured; allowed: 1 to 1024 queues";

// Puts a text into the key's field, or says what is wrong and what is allowed.
template <class T>
void Apply(const Key<T>& key, T& target, const std::string& path, const std::string& text,
           Problems& problems) {
  if (auto problem = key.read(target, text)) {
    problems.Add(path, fmt::format("{}; allowed: {}", *problem, key.allowed));
  }
}

// The names that may stand directly below `section` ("" or "isolation") of a T.
template <class T>
std::vector<std::string> NamesIn(const std::vector<Key<T>>& keys, const std::string& section) {
  const std::string start = section.empty() ? "" : section + ".";
  std::vector<std::string> names;
  for (const Key<T>& key : keys) {
    if (key.path.compare(0, start.size(), start) != 0) continue;
    std::string name =
        key.path.substr(start.size(), key.path.find('.', start.size()) - start.size());
    if (std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(std::move(name));
  }
  return names;
}

// The items of a list with commas between; nothing if it is none, is empty, or holds more than
// words.
std::optional<std::string> ListText(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kList || node.children.empty()) return std::nullopt;
  std::string text;
  for (const YamlNode& item : node.children) {
    if (item.kind != YamlNode::Kind::kScalar) return std::nullopt;
    text += (text.empty() ? "" : ", ") + item.text;
  }
  return text;
}

// Reads a map whose keys are those of a T into one.
template <class T>
class SectionReader {
 public:
  // `prefix` stands before every path in messages ("queues.simulate."), `extra` is known beside the
  // keys.
  SectionReader(const std::vector<Key<T>>& keys, std::string prefix, std::string extra, T& target,
                Problems& problems)
      : keys_(keys),
        prefix_(std::move(prefix)),
        extra_(std::move(extra)),
        target_(target),
        problems_(problems) {}

  // `section` is the path of `map` below T.
  void Read(const YamlNode& map, const std::string& section) {
    for (const YamlNode& child : map.children) {
      const std::string path = section.empty() ? child.name : section + "." + child.name;
      if (path == extra_) continue;
      problems_.SetAtLine(prefix_ + path, child.line);
      if (const Key<T>* key = Find(path)) {
        ReadScalar(*key, child);
      } else if (!NamesIn(keys_, path).empty()) {
        ReadSection(child, path);
      } else {
        ReportUnknown(path, section);
      }
    }
  }

 private:
  const Key<T>* Find(const std::string& path) const {
    for (const Key<T>& key : keys_) {
      if (key.path == path) return &key;
    }
    return nullptr;
  }

  void ReadScalar(const Key<T>& key, const YamlNode& node) {
    if (node.kind == YamlNode::Kind::kScalar) {
      Apply(key, target_, prefix_ + key.path, node.text, problems_);
      return;
    }
    if (const auto text = key.list ? ListText(node) : std::nullopt) {
      Apply(key, target_, prefix_ + key.path, *text, problems_);
      return;
    }
    const char* what = node.kind == YamlNode::Kind::kNull ? "has no value" : "must be one value";
    problems_.Add(prefix_ + key.path, fmt::format("{}; allowed: {}", what, key.allowed));
  }

  void ReadSection(const YamlNode& node, const std::string& path) {
    if (node.kind == YamlNode::Kind::kMap || node.kind == YamlNode::Kind::kNull) {
      Read(node, path);
      return;
    }
    problems_.Add(prefix_ + path, fmt::format("must be a section; its keys: {}",
                                              fmt::join(NamesIn(keys_, path), ", ")));
  }

  void ReportUnknown(const std::string& path, const std::string& section) {
    std::vector<std::string> names = NamesIn(keys_, section);
    if (section.empty() && !extra_.empty()) names.push_back(extra_);
    problems_.Add(prefix_ + path, fmt::format("unknown key; allowed: {}", fmt::join(names, ", ")));
  }

  const std::vector<Key<T>>& keys_;
  const std::string prefix_;
  const std::string extra_;
  T& target_;
  Problems& problems_;
};

void ReadQueues(const YamlNode& node, Config& config, Problems& problems) {
  problems.SetAtLine("queues", node.line);
  if (node.kind != YamlNode::Kind::kMap && node.kind != YamlNode::Kind::kNull) {
    problems.Add("queues", "must be a section; its keys: the queues' names");
    return;
  }
  if (node.children.empty()) problems.Add("queues", kNoQueue);
  for (const YamlNode& child : node.children) {
    const std::string path = "queues." + child.name;
    problems.SetAtLine(path, child.line);
    if (!IsQueueName(child.name)) {
      problems.Add(path,
                   fmt::format("'{}' is no name for a queue; allowed: 1 to 63 of a-z, 0-9 and -, "
                               "first a letter or digit",
                               child.name));
      continue;
    }
    QueueConfig queue;
    queue.name = child.name;
    if (child.kind == YamlNode::Kind::kScalar || child.kind == YamlNode::Kind::kList) {
      problems.Add(path, fmt::format("must be a section; its keys: {}",
                                     fmt::join(NamesIn(QueueKeys(), ""), ", ")));
      continue;
    }
    SectionReader<QueueConfig>(QueueKeys(), path + ".", "", queue, problems).Read(child, "");
    config.queues.push_back(std::move(queue));
  }
}

// False if the file could not be read as a map: then there is nothing to check.
bool ReadFile(const std::string& file, Config& config, Problems& problems) {
  const auto root = ReadYaml(file, problems);
  if (!root) return false;
  SectionReader<Config>(ProgramKeys(), "", "queues", config, problems).Read(*root, "");
  bool has_queues = false;
  for (const YamlNode& child : root->children) {
    if (child.name != "queues") continue;
    has_queues = true;
    ReadQueues(child, config, problems);
  }
  if (!has_queues) problems.Add("queues", kNoQueue);
  return true;
}

// "queues.pdf-to-image.capacity" -> "HEADRACE_QUEUES_PDF_TO_IMAGE_CAPACITY"
std::string VariableOf(const std::string& path) {
  std::string name(kPrefix);
  for (const char c : path) {
    if (c >= 'a' && c <= 'z') {
      name += static_cast<char>(c - 'a' + 'A');
    } else {
      name += c >= '0' && c <= '9' ? c : '_';
    }
  }
  return name;
}

// Sets the key that the variable names; false if there is none. No two keys share a variable: `-`
// and
// `.` become `_`, but no queue's key continues another queue's name.
bool ApplyVariable(const std::string& name, const std::string& value, Config& config,
                   Problems& problems) {
  for (const Key<Config>& key : ProgramKeys()) {
    if (VariableOf(key.path) != name) continue;
    problems.SetByVariable(key.path, name);
    Apply(key, config, key.path, value, problems);
    return true;
  }
  for (QueueConfig& queue : config.queues) {
    for (const Key<QueueConfig>& key : QueueKeys()) {
      const std::string path = fmt::format("queues.{}.{}", queue.name, key.path);
      if (VariableOf(path) != name) continue;
      problems.SetByVariable(path, name);
      Apply(key, queue, path, value, problems);
      return true;
    }
  }
  return false;
}

void ReadEnvironment(const std::vector<std::string>& environment, Config& config,
                     Problems& problems) {
  for (const std::string& entry : environment) {
    if (entry.compare(0, kPrefix.size(), kPrefix) != 0) continue;
    const auto equals = entry.find('=');
    const std::string name = entry.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : entry.substr(equals + 1);
    if (name == "HEADRACE_CONFIG" || ApplyVariable(name, value, config, problems)) continue;
    problems.AddVariable(name,
                         "names no key; allowed: HEADRACE_CONFIG, HEADRACE_<SECTION>_<KEY>, and "
                         "HEADRACE_QUEUES_<NAME>_<KEY> for a queue of the file");
  }
}

}  // namespace

LoadedConfig LoadConfig(const ConfigSource& source) {
  LoadedConfig loaded;
  Problems problems(source.file);
  bool readable = true;
  if (source.file.empty()) {
    problems.Add("queues", kNoQueue);
  } else {
    readable = ReadFile(source.file, loaded.config, problems);
  }
  if (readable) {
    ReadEnvironment(source.environment, loaded.config, problems);
    CheckConfig(loaded.config, source.handlers, problems);
  }
  loaded.given = problems.Given();
  loaded.problems = problems.Take();
  return loaded;
}

}  // namespace headrace
