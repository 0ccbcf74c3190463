#include "config/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "config/check.h"
#include "config/keys.h"
#include "config/problems.h"
#include "config/queue_trees.h"
#include "config/section_reader.h"
#include "config/yaml.h"

namespace headrace {
namespace {

constexpr std::string_view kPrefix = "HEADRACE_";
// Of the client (docs/client.md) and of the command line: no keys, but no mistakes either.
constexpr std::array<std::string_view, 3> kNotKeys{"HEADRACE_CONFIG", "HEADRACE_SERVER",
                                                   "HEADRACE_KEY_FILE"};
constexpr const char* kNoQueue = "no queue is configured; allowed: 1 to 1024 queues";

KeySet<QueueConfig> AllQueueKeys() { return {QueueKeys(), QueueTrees()}; }

void ReadQueues(Config& config, const YamlNode& node, const std::string& /*path*/,
                Problems& problems) {
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
                                     fmt::join(AllQueueKeys().NamesIn(""), ", ")));
      continue;
    }
    SectionReader<QueueConfig>(AllQueueKeys(), path + ".", queue, problems).Read(child, "");
    config.queues.push_back(std::move(queue));
  }
}

// False if the file could not be read as a map: then there is nothing to check.
bool ReadFile(const std::string& file, Config& config, Problems& problems) {
  const auto root = ReadYaml(file, problems);
  if (!root) return false;
  static const std::vector<TreeKey<Config>> kTrees{{"queues", ReadQueues}};
  SectionReader<Config>({ProgramKeys(), kTrees}, "", config, problems).Read(*root, "");
  if (!problems.IsSet("queues")) problems.Add("queues", kNoQueue);
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
    const bool no_key = std::find(kNotKeys.begin(), kNotKeys.end(), name) != kNotKeys.end();
    if (no_key || ApplyVariable(name, value, config, problems)) continue;
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
    CheckConfig(loaded.config, source, problems);
  } else {  // what it says of the service itself; of queues it cannot be judged
    Problems unjudged(source.file);
    ReadEnvironment(source.environment, loaded.config, unjudged);
  }
  loaded.given = problems.Given();
  loaded.problems = problems.Take();
  return loaded;
}

}  // namespace headrace
