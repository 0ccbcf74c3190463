#include "handler/command/program_setting.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/printable.h"

namespace headrace {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr const char* kUsualPath = "/usr/local/bin:/usr/bin:/bin";

// With std::less, so that every program sees the same order.
using Variables = std::map<std::string, std::string>;

bool IsPassedOn(std::string_view name) {
  return name == "PATH" || name == "LANG" || name == "TZ" || name.starts_with("LC_");
}

void AddInherited(Variables& variables) {
  variables["PATH"] = kUsualPath;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || !IsPassedOn(text.substr(0, equals))) continue;
    variables[std::string(text.substr(0, equals))] = text.substr(equals + 1);
  }
}

std::string VariableOf(std::string_view param) {
  std::string name = "HEADRACE_PARAM_";
  for (const char c : param) {
    const bool lower = c >= 'a' && c <= 'z';
    const bool kept = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += lower ? static_cast<char>(c - 'a' + 'A') : kept ? c : '_';
  }
  return name;
}

void AddJob(const Job& job, Variables& variables) {
  variables["HEADRACE_JOB_ID"] = job.id;
  variables["HEADRACE_QUEUE"] = job.queue;
  variables["HEADRACE_ATTEMPT"] = std::to_string(job.attempt);
  variables["HEADRACE_MEDIA_TYPE"] = job.media_type;
  variables["HEADRACE_PARAMS_FD"] = "3";
  if (!job.traceparent.empty()) variables["TRACEPARENT"] = job.traceparent;
  if (!job.tracestate.empty()) variables["TRACESTATE"] = job.tracestate;
  for (const auto& [name, value] : job.params) variables[VariableOf(name)] = value;
}

void ReplaceAll(std::string& text, std::string_view place, const std::string& value) {
  for (auto at = text.find(place); at != std::string::npos; at = text.find(place, at)) {
    text.replace(at, place.size(), value);
    at += value.size();
  }
}

}  // namespace

std::vector<std::string> ProgramArguments(const CommandOptions& options, const Scratch& scratch) {
  std::vector<std::string> arguments = options.command;
  for (std::string& argument : arguments) {
    ReplaceAll(argument, kInputPlace, scratch.path() + "/" + options.input_name);
    ReplaceAll(argument, kOutputPlace, scratch.output());
  }
  return arguments;
}

std::vector<std::string> ProgramEnvironment(const CommandOptions& options, const Scratch& scratch,
                                            const Job* job) {
  Variables variables;
  AddInherited(variables);
  variables["HOME"] = scratch.path();
  variables["TMPDIR"] = scratch.tmp();
  if (job != nullptr) AddJob(*job, variables);
  for (const auto& [name, value] : options.environment) variables[name] = value;
  std::vector<std::string> environment;
  environment.reserve(variables.size());
  for (const auto& [name, value] : variables) {
    // A NUL would end it; who needs such a value reads the JSON.
    environment.push_back(name + "=" + value.substr(0, value.find('\0')));
  }
  return environment;
}

std::string ParamsJson(const Params& params) {
  std::vector<std::pair<std::string, Json>> members;
  members.reserve(params.size());
  for (const auto& [name, value] : params) members.emplace_back(name, Json::String(value));
  return Json::Object(members).Text();
}

std::string PlainText(std::string_view text, std::size_t longest) {
  std::string plain;
  while (!text.empty()) {
    const Character first = FirstCharacter(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(first.length, 1));
    const std::string_view shown = first.length == 0 ? kReplacement
                                   : first.shown     ? character
                                                     : std::string_view(" ");
    if (plain.size() + shown.size() > longest) break;
    plain += shown;
    text.remove_prefix(character.size());
  }
  return plain;
}

}  // namespace headrace
