#pragma once

#include <unistd.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "handler/registry.h"

namespace headrace {

struct ConfigSource {
  std::string file;  // path; empty: built-in defaults and environment only
  std::vector<std::string>
      environment;                  // "NAME=value"; of HEADRACE_*, and PATH, where commands are
  const HandlerRegistry& handlers;  // outlives the call
  bool root = ::geteuid() == 0;     // whether the service would run as root
};

struct LoadedConfig {
  Config config;                             // to be used only if there are no problems
  std::vector<std::string> problems;         // in the order of the file, then of the environment
  std::map<std::string, std::string> given;  // path of each key that was set -> where ("file:line")
};

// Reads the configuration: defaults < file < environment (HEADRACE_SERVER_LISTEN, and
// HEADRACE_QUEUES_<NAME>_CAPACITY for a queue of the file; HEADRACE_CONFIG names the file and is
// left to the caller). Finds all problems: unknown keys, wrong types, values and combinations that
// cannot work; each as "file:line: path: what, and what is allowed". Does not throw.
LoadedConfig LoadConfig(const ConfigSource& source);

}  // namespace headrace
