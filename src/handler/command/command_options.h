#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "handler/sandbox/isolation.h"

namespace headrace {

// The name by which queues choose it.
inline constexpr std::string_view kCommandHandler = "command";

// What stands for a path inside an argument.
inline constexpr std::string_view kInputPlace = "{input}";
inline constexpr std::string_view kOutputPlace = "{output}";

// What a queue with `handler: command` says of its program and of what one job of it may use. Value
// type.
struct CommandOptions {
  // kOnce: the program is started for each job; kFrames: it stays, and gets one job after the
  // other.
  enum class Protocol { kOnce, kFrames };

  std::vector<std::string> command;  // program and arguments; with the two places above
  Protocol protocol = Protocol::kOnce;
  // Media type of standard output where that is the result, and of files with an unknown extension.
  std::string output_type = "application/octet-stream";
  std::string input_name = "input";  // name of the file that {input} is
  std::map<int, int> exit_codes;     // exit status -> 422, 500 or 503; any other: 500
  // Variables beside those that every program gets. Not for secrets: they are on a command line.
  std::vector<std::pair<std::string, std::string>> environment;
  std::uint64_t stderr_limit = std::uint64_t{64} << 10U;  // bytes per job that reach the log
  std::chrono::milliseconds grace{2'000};                 // from SIGTERM to SIGKILL
  std::chrono::milliseconds start_timeout{60'000};        // kFrames: until it is ready

  // Below `isolation:`.
  std::uint64_t scratch = std::uint64_t{256} << 20U;  // bytes of a job's private folder
  std::uint32_t processes = 64;                       // of one job, threads included
  bool network = false;
  bool namespaces = false;            // its processes are in namespaces of their own
  std::vector<std::string> readable;  // absolute paths, beside the usual ones
  std::vector<std::string> writable;  // absolute paths, beside the private folder

  // No keys of their own: the service fills them in from its plan and its other keys.
  std::string scratch_dir;       // where the private folders are
  std::uint64_t memory = 0;      // bytes of address space of each of a job's processes
  std::chrono::seconds cpu{0};   // CPU time of each of them
  std::uint64_t max_result = 0;  // bytes of a result, and of any one file
  ExecutorPriority priority = ExecutorPriority::kLow;
  bool sandbox_required = false;
  std::vector<std::string> secret_params;  // whose values stay out of logs

  bool operator==(const CommandOptions&) const = default;
};

// Whether an argument has the place.
bool HasPlace(const CommandOptions& options, std::string_view place);

// Every problem, each beginning with the key it is about, as it is written below the queue
// ("isolation.readable: ..."). Ranges of numbers are the configuration's; looks at no file.
std::vector<std::string> Validate(const CommandOptions& options);

// The executor's command line for these options, one argument, and back. An error has a detail for
// the operator: an argument that is none of ours, or options that Validate refuses.
std::vector<std::string> ToArguments(const CommandOptions& options);
Expected<CommandOptions> ParseCommandArguments(const std::vector<std::string>& arguments);

}  // namespace headrace
