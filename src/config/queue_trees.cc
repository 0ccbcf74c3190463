#include "config/queue_trees.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "base/words.h"
#include "config/param_keys.h"
#include "config/tree_nodes.h"

namespace headrace {
namespace {

struct Texts {
  const char* allowed;
  const char* help;
  const char* more;
};

template <class Access>
std::function<bool(const QueueConfig&, const QueueConfig&)> SameIn(Access access) {
  return [access](const QueueConfig& a, const QueueConfig& b) { return access(a) == access(b); };
}

template <class Access>
TreeKey<QueueConfig> TextsKey(const char* name, Access access, Texts texts) {
  return {name,
          [access, allowed = texts.allowed](QueueConfig& queue, const YamlNode& node,
                                            const std::string& path, Problems& problems) {
            if (auto found = ReadTexts(node, path, allowed, problems)) {
              access(queue) = *std::move(found);
            }
          },
          SameIn(access),
          texts.allowed,
          texts.help,
          texts.more};
}

bool SameParams(const QueueConfig& a, const QueueConfig& b) {
  const auto all = [](const ParamSpec& p) {
    return std::tie(p.name, p.type, p.description, p.default_value, p.minimum, p.maximum, p.choices,
                    p.media_types, p.max_length, p.secret);
  };
  return std::ranges::equal(a.params, b.params, {}, all, all);
}

void ReadEnvironmentMap(QueueConfig& queue, const YamlNode& node, const std::string& path,
                        Problems& problems) {
  if (auto pairs = ReadTextMap(node, path, "a map of variables, like {LANG: C.UTF-8}", problems)) {
    queue.command.environment = *std::move(pairs);
  }
}

// Below 0 if the text is no number, or one beyond all that could be meant.
int NumberOf(const std::string& text) {
  constexpr std::uint64_t kMost = 1'000'000;
  const auto number = ParseNumberAll<std::uint64_t>(text);
  return number && *number <= kMost ? static_cast<int>(*number) : -1;
}

void ReadExitCodes(QueueConfig& queue, const YamlNode& node, const std::string& path,
                   Problems& problems) {
  constexpr const char* kAllowed = "a map of exit statuses to 422, 500 or 503, like {2: 422}";
  const auto pairs = ReadTextMap(node, path, kAllowed, problems);
  if (!pairs) return;
  for (const auto& [status, code] : *pairs) {
    const int number = NumberOf(status);
    const int answer = NumberOf(code);
    const std::string key = fmt::format("{}.{}", path, status);
    if (number < 0 || answer < 0) {
      problems.Add(key,
                   fmt::format("'{}: {}' is not two numbers; allowed: {}", status, code, kAllowed));
    } else if (!queue.command.exit_codes.emplace(number, answer).second) {
      problems.Add(key, "is given twice; allowed: once");
    }
  }
}

std::vector<TreeKey<QueueConfig>> MakeTrees() {
  return {
      TextsKey("command", [](auto& q) -> auto& { return q.command.command; },
               {"a list of the program and its arguments, like [pdftotext, \"{input}\", \"-\"]; no "
                "shell "
                "reads it",
                "the program, by its absolute path or its name in the service's `PATH`, and its "
                "arguments; required",
                "Nothing is split. `{input}` in an argument stands for the path of a file with the "
                "payload, `{output}` for that of a folder for results"}),
      {"exit_codes", ReadExitCodes, SameIn([](auto& q) -> auto& { return q.command.exit_codes; }),
       "a map of exit statuses, 1 to 255, to 422, 500 or 503",
       "protocol once: what an exit status is answered with",
       "Any that is not listed: 500. 0 is success"},
      {"environment", ReadEnvironmentMap,
       SameIn([](auto& q) -> auto& { return q.command.environment; }), "a map of names to texts",
       "variables beside those that every program gets",
       "Not `HEADRACE_*`, and not for secrets: they stand on a command line. Give the path of a "
       "file instead"},
      TextsKey("isolation.readable", [](auto& q) -> auto& { return q.command.readable; },
               {"a list of absolute paths",
                "files and folders that the program may read, beside those of every program",
                "They must exist ([which those are](handlers.md#command))"}),
      TextsKey("isolation.writable", [](auto& q) -> auto& { return q.command.writable; },
               {"a list of absolute paths",
                "files and folders that the program may write, beside its private folder",
                "They must exist"}),
  };
}

std::vector<TreeKey<QueueConfig>> MakeAllTrees() {
  std::vector<TreeKey<QueueConfig>> trees = CommandTrees();
  trees.push_back({"params", ReadParams, SameParams, "a map of names to declarations",
                   "what jobs may be asked with; nothing else is taken"});
  return trees;
}

}  // namespace

const std::vector<TreeKey<QueueConfig>>& CommandTrees() {
  static const std::vector<TreeKey<QueueConfig>> kTrees = MakeTrees();
  return kTrees;
}

const std::vector<TreeKey<QueueConfig>>& QueueTrees() {
  static const std::vector<TreeKey<QueueConfig>> kTrees = MakeAllTrees();
  return kTrees;
}

}  // namespace headrace
