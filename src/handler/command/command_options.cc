#include "handler/command/command_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/json.h"
#include "handler/frames/frames.h"

namespace headrace {
namespace {

// Linux takes no longer argument (MAX_ARG_STRLEN), and all options are one.
constexpr std::size_t kLongest = (std::size_t{128} << 10U) - 1;
constexpr int kMostStatus = 255;

using Problems = std::vector<std::string>;

bool IsNameChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Can be an argument: UTF-8 without a NUL. What JSON does not give back as it was, is not UTF-8.
bool IsText(const std::string& text) {
  if (text.find('\0') != std::string::npos) return false;
  const auto back = ParseJson(Json::String(text).Text());
  const std::string* const same = back ? back->As<std::string>() : nullptr;
  return same != nullptr && *same == text;
}

bool AllText(const std::vector<std::string>& texts) {
  return std::all_of(texts.begin(), texts.end(), IsText);
}

bool IsPlace(const std::string& text) {
  return text.find(kInputPlace) != std::string::npos ||
         text.find(kOutputPlace) != std::string::npos;
}

void CheckCommand(const CommandOptions& options, Problems& problems) {
  const auto& command = options.command;
  if (command.empty() || command.front().empty()) {
    problems.emplace_back(
        "command: is missing; allowed: a list of the program and its arguments, like "
        "[pdftotext, \"{input}\", \"-\"]");
    return;
  }
  if (!AllText(command)) {
    problems.emplace_back("command: has an argument that is no text; allowed: UTF-8 without NUL");
  }
  if (IsPlace(command.front())) {
    problems.emplace_back(
        "command: the program itself cannot be a place; allowed: its path or name");
  }
  const bool places = std::any_of(command.begin(), command.end(), IsPlace);
  if (places && options.protocol == CommandOptions::Protocol::kFrames) {
    problems.emplace_back(
        "command: {input} and {output} are for protocol once, a worker gets its jobs on a "
        "descriptor; leave them out");
  }
}

void CheckFiles(const CommandOptions& options, Problems& problems) {
  if (!ValidMediaType(options.output_type)) {
    problems.push_back(
        fmt::format("output_type: '{}' is no media type; allowed: type/subtype, like text/plain",
                    options.output_type));
  }
  const std::string& name = options.input_name;
  if (!ValidPartName(name)) {
    problems.push_back(
        fmt::format("input_name: '{}' is no plain file name; allowed: letters, digits, '.', '_' "
                    "and '-', not starting with '.'",
                    name));
  } else if (name == "output" || name == "tmp") {
    problems.push_back(
        fmt::format("input_name: '{}' is a folder beside it; allowed: another name", name));
  }
}

void CheckExitCodes(const CommandOptions& options, Problems& problems) {
  for (const auto& [status, code] : options.exit_codes) {
    const std::string key = fmt::format("exit_codes.{}", status);
    if (status < 1 || status > kMostStatus) {
      problems.push_back(
          fmt::format("{}: is no exit status of a failure; allowed: 1 to {}", key, kMostStatus));
    } else if (code != 422 && code != 500 && code != 503) {
      problems.push_back(fmt::format("{}: {} is not answered; allowed: 422, 500, 503", key, code));
    }
  }
}

std::optional<std::string> VariableProblem(const std::string& name, const std::string& value) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9') ||
      !std::all_of(name.begin(), name.end(), IsNameChar)) {
    return "is no name of a variable; allowed: letters, digits and _, first no digit";
  }
  if (name.starts_with("HEADRACE_")) {
    return "is headrace's own to set; allowed: names without HEADRACE_ before them";
  }
  if (!IsText(value)) return "has a value that is no text; allowed: UTF-8 without NUL";
  return std::nullopt;
}

void CheckEnvironment(const CommandOptions& options, Problems& problems) {
  for (const auto& [name, value] : options.environment) {
    if (const auto problem = VariableProblem(name, value)) {
      problems.push_back(fmt::format("environment.{}: {}", name, *problem));
    }
  }
}

void CheckPaths(const char* key, const std::vector<std::string>& paths, Problems& problems) {
  for (const std::string& path : paths) {
    if (path.starts_with('/') && IsText(path)) continue;
    problems.push_back(
        fmt::format("{}: '{}' is no absolute path; allowed: paths like /srv/models", key, path));
  }
}

}  // namespace

bool HasPlace(const CommandOptions& options, std::string_view place) {
  return std::any_of(
      options.command.begin(), options.command.end(),
      [place](const std::string& text) { return text.find(place) != std::string::npos; });
}

std::vector<std::string> Validate(const CommandOptions& options) {
  Problems problems;
  CheckCommand(options, problems);
  CheckFiles(options, problems);
  CheckExitCodes(options, problems);
  CheckEnvironment(options, problems);
  CheckPaths("isolation.readable", options.readable, problems);
  CheckPaths("isolation.writable", options.writable, problems);
  if (problems.empty() && ToArguments(options).front().size() > kLongest) {
    problems.push_back(
        fmt::format("command: is too long together with the queue's environment and paths; "
                    "allowed: {} bytes",
                    kLongest));
  }
  return problems;
}

}  // namespace headrace
