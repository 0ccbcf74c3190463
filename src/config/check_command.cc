#include "config/check_command.h"

#include <fmt/format.h>

#include <filesystem>
#include <initializer_list>
#include <string_view>
#include <system_error>
#include <vector>

#include "config/command_keys.h"
#include "config/queue_trees.h"
#include "handler/command/find_program.h"

namespace headrace {
namespace {

std::string_view PathOf(const ConfigSource& source) {
  constexpr std::string_view kName = "PATH=";
  for (const std::string& variable : source.environment) {
    if (variable.starts_with(kName)) return std::string_view(variable).substr(kName.size());
  }
  return {};
}

void CheckProgram(const QueueConfig& queue, const std::string& path, const ConfigSource& source,
                  Problems& problems) {
  if (queue.command.command.empty()) return;  // Validate says so
  const std::string& program = queue.command.command.front();
  if (FindProgram(program, PathOf(source))) return;
  problems.Add(path + "command",
               fmt::format("'{}' is no program that can be executed here; allowed: an absolute "
                           "path, or the name of a program in PATH",
                           program));
}

void RefuseAll(std::initializer_list<const char*> keys, const std::string& path, const char* why,
               Problems& problems) {
  for (const char* key : keys) {
    if (problems.IsSet(path + key)) problems.Add(path + key, why);
  }
}

void CheckProtocol(const QueueConfig& queue, const std::string& path, Problems& problems) {
  if (queue.HasPersistentWorkers()) {
    RefuseAll({"output_type", "input_name", "exit_codes"}, path,
              "is for protocol once, a worker says it with each job; leave it out", problems);
    return;
  }
  RefuseAll({"start_timeout"}, path, "is for protocol frames; leave it out", problems);
  if (problems.IsSet(path + "input_name") && !HasPlace(queue.command, kInputPlace)) {
    problems.Add(path + "input_name",
                 "is of no use, no argument of `command` has {input}; leave it out");
  }
  if (queue.RecycleAfter() != 1) {
    problems.Add(path + "isolation.recycle_after",
                 "a program that is started for each job cannot do another; allowed: 1, or more "
                 "with protocol: frames");
  }
}

// What does not exist could not be granted, and the program would learn it too late.
void CheckPaths(const std::vector<std::string>& paths, const std::string& key, Problems& problems) {
  for (const std::string& file : paths) {
    std::error_code error;
    if (!file.starts_with('/') || std::filesystem::exists(file, error)) continue;
    problems.Add(key, fmt::format("'{}' cannot be found; allowed: paths that exist", file));
  }
}

void CheckIsolationKeys(const QueueConfig& queue, const std::string& path, bool root,
                        Problems& problems) {
  if (problems.IsSet(path + "isolation.parallel") && queue.isolation.parallel) {
    problems.Add(path + "isolation.parallel",
                 "a command does its job alone; leave it out, or say false");
  }
  CheckPaths(queue.command.readable, path + "isolation.readable", problems);
  CheckPaths(queue.command.writable, path + "isolation.writable", problems);
  if (root && !queue.allow_root) {
    problems.Add(path + "isolation.allow_root",
                 "its programs would run as root, for whom files have no owners and processes no "
                 "limit; run headrace as another user, or set it to true");
  }
}

}  // namespace

void CheckCommand(const QueueConfig& queue, const std::string& path, const ConfigSource& source,
                  Problems& problems) {
  problems.AddAll(path, Validate(queue.command));
  CheckProgram(queue, path, source, problems);
  CheckProtocol(queue, path, problems);
  CheckIsolationKeys(queue, path, source.root, problems);
}

void CheckNoCommand(const QueueConfig& queue, const std::string& path, Problems& problems) {
  const auto refuse = [&](const std::string& key) {
    if (!problems.IsSet(path + key)) return;
    problems.Add(path + key,
                 fmt::format("is for handler command only, this queue has handler {}; leave it out",
                             queue.handler));
  };
  for (const Key<QueueConfig>& key : CommandKeys()) refuse(key.path);
  for (const TreeKey<QueueConfig>& key : CommandTrees()) refuse(key.path);
}

}  // namespace headrace
