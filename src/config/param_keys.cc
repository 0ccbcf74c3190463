#include "config/param_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/words.h"
#include "config/tree_nodes.h"
#include "handler/params.h"

namespace headrace {
namespace {

constexpr std::size_t kMostParams = 64;
constexpr std::size_t kLongestName = 64;

std::optional<double> ParseReal(const std::string& text) {
  const auto value = ParseNumberAll<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

using Bound = std::optional<double> ParamSpec::*;

Key<ParamSpec> BoundKey(const char* name, Bound bound, const char* help) {
  return {name, "a number", help,
          [bound](ParamSpec& spec, const std::string& text) -> std::optional<std::string> {
            spec.*bound = ParseReal(text);
            if (spec.*bound) return std::nullopt;
            return fmt::format("'{}' is not a number", text);
          },
          [bound](const ParamSpec& spec) {
            return spec.*bound ? fmt::format("{}", *(spec.*bound)) : std::string();
          }};
}

Key<ParamSpec> DefaultKey() {
  return {"default", "a value that a client could send",
          "the value where a client sends none; without it the parameter is absent then",
          [](ParamSpec& spec, const std::string& text) -> std::optional<std::string> {
            spec.default_value = text;
            return std::nullopt;
          },
          [](const ParamSpec& spec) { return spec.default_value.value_or(""); }};
}

std::vector<Key<ParamSpec>> MakeKeys() {
  KeyList<ParamSpec> keys;
  keys.Choice(
      "type",
      Choices<ParamType>{{"text", ParamType::kText},
                         {"integer", ParamType::kInteger},
                         {"number", ParamType::kNumber},
                         {"boolean", ParamType::kBoolean},
                         {"choice", ParamType::kChoice}},
      "what values are", [](auto& s) -> auto& { return s.type; });
  keys.Add(DefaultKey());
  keys.Add(BoundKey("minimum", &ParamSpec::minimum, "least integer or number"))
      .More("Allowed itself, like the maximum");
  keys.Add(BoundKey("maximum", &ParamSpec::maximum, "greatest integer or number"));
  keys.Number(
      "max_length", Counts(), {1, kMaxParamBytes}, "bytes of a text",
      [](auto& s) -> auto& { return s.max_length; });
  keys.Truth(
          "secret", "whether it is refused in the query, and kept out of logs",
          [](auto& s) -> auto& { return s.secret; })
      .More("It is taken as a form field or header");
  keys.Text(
      "description", "a sentence, or empty", "what it is for, for clients",
      [](auto& s) -> auto& { return s.description; });
  return keys.Take();
}

void ReadChoices(ParamSpec& spec, const YamlNode& node, const std::string& path,
                 Problems& problems) {
  if (auto texts = ReadTexts(node, path, "a list of words", problems)) {
    spec.choices = *std::move(texts);
  }
}

bool IsLetter(char c) { return c >= 'a' && c <= 'z'; }

bool IsParamName(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName && IsLetter(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return IsLetter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

void CheckBounds(const ParamSpec& spec, const std::string& path, Problems& problems) {
  if (spec.type != ParamType::kInteger && spec.type != ParamType::kNumber) {
    const char* const why = "is for the types integer and number; leave it out";
    if (spec.minimum) problems.Add(path + "minimum", why);
    if (spec.maximum) problems.Add(path + "maximum", why);
  } else if (spec.minimum && spec.maximum && *spec.minimum > *spec.maximum) {
    problems.Add(path + "minimum", fmt::format("{} is more than the maximum; allowed: at most {}",
                                               *spec.minimum, *spec.maximum));
  }
}

std::string Lowered(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

void CheckChoices(const ParamSpec& spec, const std::string& path, Problems& problems) {
  if (spec.type != ParamType::kChoice) {
    if (problems.IsSet(path + "choices")) {
      problems.Add(path + "choices", "is for the type choice; leave it out");
    }
    return;
  }
  if (spec.choices.empty()) {
    problems.Add(path + "choices", "is missing; allowed: a list of words");
  }
  std::set<std::string> seen;
  for (const std::string& choice : spec.choices) {
    if (choice.empty() || !seen.insert(Lowered(choice)).second) {
      problems.Add(path + "choices",
                   fmt::format("'{}' cannot be told from another or from none; allowed: words that "
                               "differ in more than the case of letters",
                               choice));
    }
  }
}

// Leaves the default in the form that a handler gets.
void CheckDefault(ParamSpec& spec, const std::string& path, Problems& problems) {
  if (!spec.default_value || (spec.type == ParamType::kChoice && spec.choices.empty())) return;
  const std::string key = path + "default";
  if (spec.secret) {
    problems.Add(key, "would be a secret that every client can read; leave it out");
    return;
  }
  if (spec.default_value->empty()) {
    problems.Add(key, "is empty, which is as if it were not given; leave it out");
    return;
  }
  HandlerInfo alone;
  alone.params = {spec};
  const auto checked = ValidateParams(alone, {{spec.name, *spec.default_value}}, {});
  if (checked) {
    spec.default_value = checked->at(spec.name);
  } else {
    problems.Add(key, "is no value of it: " + checked.error().hint);
  }
}

void CheckSpec(ParamSpec& spec, const std::string& path, Problems& problems) {
  CheckBounds(spec, path, problems);
  CheckChoices(spec, path, problems);
  if (spec.type != ParamType::kText && problems.IsSet(path + "max_length")) {
    problems.Add(path + "max_length", "is for the type text; leave it out");
  }
  CheckDefault(spec, path, problems);
}

// Nothing, and a problem, if it cannot be declared like that.
std::optional<ParamSpec> ReadParam(const YamlNode& node, const std::string& path,
                                   Problems& problems) {
  if (!IsParamName(node.name)) {
    problems.Add(path,
                 fmt::format("'{}' is no name for a parameter; allowed: 1 to {} of a-z, 0-9, - "
                             "and _, first a letter",
                             node.name, kLongestName));
    return std::nullopt;
  }
  if (node.kind != YamlNode::Kind::kMap && node.kind != YamlNode::Kind::kNull) {
    problems.Add(path, fmt::format("must be a section; its keys: {}",
                                   fmt::join(ParamKeys().NamesIn(""), ", ")));
    return std::nullopt;
  }
  ParamSpec spec;
  spec.name = node.name;
  SectionReader<ParamSpec>(ParamKeys(), path + ".", spec, problems).Read(node, "");
  CheckSpec(spec, path + ".", problems);
  return spec;
}

}  // namespace

KeySet<ParamSpec> ParamKeys() {
  static const std::vector<Key<ParamSpec>> kKeys = MakeKeys();
  static const std::vector<TreeKey<ParamSpec>> kTrees{{"choices", ReadChoices, nullptr,
                                                       "a list of words",
                                                       "the values of a choice; required there"}};
  return {kKeys, kTrees};
}

void ReadParams(QueueConfig& queue, const YamlNode& node, const std::string& path,
                Problems& problems) {
  if (node.kind != YamlNode::Kind::kMap && node.kind != YamlNode::Kind::kNull) {
    problems.Add(path, "must be a section; its keys: the parameters' names");
    return;
  }
  if (node.children.size() > kMostParams) {
    problems.Add(path, fmt::format("{} parameters are too many; allowed: at most {}",
                                   node.children.size(), kMostParams));
  }
  std::map<std::string, std::string> variables;  // -> the parameter that has it
  for (const YamlNode& child : node.children) {
    const std::string key = path + "." + child.name;
    problems.SetAtLine(key, child.line);
    auto spec = ReadParam(child, key, problems);
    if (!spec) continue;
    std::string variable = spec->name;
    std::replace(variable.begin(), variable.end(), '-', '_');
    const auto [other, fresh] = variables.emplace(std::move(variable), spec->name);
    if (!fresh) {
      problems.Add(key,
                   fmt::format("is the same variable as {}; allowed: names that differ in more "
                               "than - and _",
                               other->second));
    }
    queue.params.push_back(*std::move(spec));
  }
}

}  // namespace headrace
