// The options as one JSON object on the executor's command line.
#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <type_traits>

#include "base/json.h"
#include "handler/command/command_options.h"

namespace headrace {
namespace {

using Texts = std::vector<std::string>;
using TextPairs = std::vector<std::pair<std::string, std::string>>;

// Every field with its name, for both directions. `field` is called as field(name, member).
template <class Options, class Field>
void ForEachField(Options& options, Field&& field) {
  field("command", options.command);
  field("protocol", options.protocol);
  field("output_type", options.output_type);
  field("input_name", options.input_name);
  field("exit_codes", options.exit_codes);
  field("environment", options.environment);
  field("stderr_limit", options.stderr_limit);
  field("grace_ms", options.grace);
  field("start_timeout_ms", options.start_timeout);
  field("scratch", options.scratch);
  field("processes", options.processes);
  field("network", options.network);
  field("namespaces", options.namespaces);
  field("readable", options.readable);
  field("writable", options.writable);
  field("scratch_dir", options.scratch_dir);
  field("memory", options.memory);
  field("cpu_s", options.cpu);
  field("max_result", options.max_result);
  field("priority", options.priority);
  field("sandbox_required", options.sandbox_required);
  field("secret_params", options.secret_params);
}

Json ToJson(const std::string& text) { return Json::String(text); }
Json ToJson(bool value) { return Json::Bool(value); }
Json ToJson(std::uint64_t value) { return Json::Number(value); }
Json ToJson(std::uint32_t value) { return Json::Number(std::uint64_t{value}); }

template <class Rep, class Period>
Json ToJson(std::chrono::duration<Rep, Period> time) {
  return Json::Number(static_cast<std::uint64_t>(time.count()));
}

// An enumeration as its number: both sides are of one build.
template <class Enum>
requires std::is_enum_v<Enum> Json ToJson(Enum value) {
  return Json::Number(static_cast<std::uint64_t>(value));
}

Json ToJson(const Texts& texts) {
  std::vector<Json> items;
  items.reserve(texts.size());
  for (const std::string& text : texts) items.push_back(Json::String(text));
  return Json::Array(items);
}

Json ToJson(const TextPairs& pairs) {
  std::vector<Json> items;
  items.reserve(pairs.size());
  for (const auto& [first, second] : pairs) {
    items.push_back(Json::Array({Json::String(first), Json::String(second)}));
  }
  return Json::Array(items);
}

Json ToJson(const std::map<int, int>& codes) {
  std::vector<Json> items;
  items.reserve(codes.size());
  for (const auto& [status, code] : codes) {
    items.push_back(Json::Array({Json::Number(static_cast<std::uint64_t>(status)),
                                 Json::Number(static_cast<std::uint64_t>(code))}));
  }
  return Json::Array(items);
}

// False if the value is not of the member's type. Numbers above `most` are none of ours.
bool Read(const JsonValue& value, std::uint64_t most, std::uint64_t& number) {
  const auto* const found = value.As<std::uint64_t>();
  if (found == nullptr || *found > most) return false;
  number = *found;
  return true;
}

template <class T>
bool Read(const JsonValue& value,
          T& member) requires std::is_same_v<T, std::string> || std::is_same_v<T, bool> {
  const T* const found = value.As<T>();
  if (found != nullptr) member = *found;
  return found != nullptr;
}

bool Read(const JsonValue& value, std::uint64_t& member) {
  return Read(value, std::numeric_limits<std::uint64_t>::max(), member);
}

bool Read(const JsonValue& value, std::uint32_t& member) {
  std::uint64_t number = 0;
  if (!Read(value, std::numeric_limits<std::uint32_t>::max(), number)) return false;
  member = static_cast<std::uint32_t>(number);
  return true;
}

bool Read(const JsonValue& value, int& member) {
  std::uint64_t number = 0;
  if (!Read(value, std::numeric_limits<int>::max(), number)) return false;
  member = static_cast<int>(number);
  return true;
}

template <class Rep, class Period>
bool Read(const JsonValue& value, std::chrono::duration<Rep, Period>& member) {
  std::uint64_t number = 0;
  if (!Read(value, std::numeric_limits<std::uint32_t>::max(), number)) return false;
  member = std::chrono::duration<Rep, Period>(static_cast<Rep>(number));
  return true;
}

bool Read(const JsonValue& value, CommandOptions::Protocol& member) {
  std::uint64_t number = 0;
  if (!Read(value, static_cast<std::uint64_t>(CommandOptions::Protocol::kFrames), number)) {
    return false;
  }
  member = static_cast<CommandOptions::Protocol>(number);
  return true;
}

bool Read(const JsonValue& value, ExecutorPriority& member) {
  std::uint64_t number = 0;
  if (!Read(value, static_cast<std::uint64_t>(ExecutorPriority::kIdle), number)) return false;
  member = static_cast<ExecutorPriority>(number);
  return true;
}

bool Read(const JsonValue& value, Texts& member) {
  const auto* const items = value.As<JsonValue::Array>();
  return items != nullptr && std::all_of(items->begin(), items->end(), [&](const JsonValue& item) {
           return Read(item, member.emplace_back());
         });
}

template <class Pair>
bool ReadPair(const JsonValue& value, Pair& pair) {
  const auto* const items = value.As<JsonValue::Array>();
  return items != nullptr && items->size() == 2 && Read(items->front(), pair.first) &&
         Read(items->back(), pair.second);
}

bool Read(const JsonValue& value, TextPairs& member) {
  const auto* const items = value.As<JsonValue::Array>();
  return items != nullptr && std::all_of(items->begin(), items->end(), [&](const JsonValue& item) {
           return ReadPair(item, member.emplace_back());
         });
}

bool Read(const JsonValue& value, std::map<int, int>& member) {
  const auto* const items = value.As<JsonValue::Array>();
  if (items == nullptr) return false;
  return std::all_of(items->begin(), items->end(), [&](const JsonValue& item) {
    std::pair<int, int> pair;
    return ReadPair(item, pair) && member.insert(pair).second;
  });
}

// Returns what is wrong with the object, or nothing.
std::optional<std::string> ReadObject(const JsonValue::Object& object, CommandOptions& options) {
  std::set<std::string> unknown;
  for (const auto& [name, value] : object) unknown.insert(name);
  std::optional<std::string> problem;
  ForEachField(options, [&](const char* name, auto& member) {
    unknown.erase(name);
    const auto at = std::find_if(object.begin(), object.end(),
                                 [name](const auto& one) { return one.name == name; });
    if (at == object.end()) {
      problem = std::string(name) + " is missing";
    } else if (!Read(at->value, member)) {
      problem = std::string(name) + " has no value that it can have";
    }
  });
  if (!unknown.empty()) problem = *unknown.begin() + " is unknown";
  return problem;
}

Expected<CommandOptions> Wrong(std::string detail) {
  return Error{ErrorCode::kInvalidArgument, "command-arguments", "", std::move(detail)};
}

}  // namespace

std::vector<std::string> ToArguments(const CommandOptions& options) {
  std::vector<std::pair<std::string, Json>> members;
  ForEachField(options, [&](const char* name, const auto& member) {
    members.emplace_back(name, ToJson(member));
  });
  return {Json::Object(members).Text()};
}

Expected<CommandOptions> ParseCommandArguments(const std::vector<std::string>& arguments) {
  if (arguments.size() != 1) return Wrong("one argument is expected: the options as JSON");
  const auto root = ParseJson(arguments.front());
  const auto* const object = root ? root->As<JsonValue::Object>() : nullptr;
  if (object == nullptr) return Wrong("the argument is no JSON object");
  CommandOptions options;
  if (auto problem = ReadObject(*object, options)) return Wrong(*std::move(problem));
  if (auto problems = Validate(options); !problems.empty()) return Wrong(problems.front());
  return options;
}

}  // namespace headrace
