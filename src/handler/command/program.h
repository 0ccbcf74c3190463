#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "handler/command/command_options.h"
#include "handler/sandbox/syscall_filter.h"

namespace headrace {

// One start of the operator's program. Descriptors stay the caller's.
struct ProgramSpec {
  std::vector<std::string> argv;         // argv[0]: a path, or a name to look for in PATH
  std::vector<std::string> environment;  // NAME=value; nothing is inherited
  std::string folder;       // its own: what it may write in, beside the options' `writable`
  std::string work_folder;  // where it starts
  int input = -1;           // become its descriptors 0, 1, 2; -1: /dev/null
  int output = -1;
  int error = -1;
  int extra = -1;               // becomes its descriptor 3; -1: it has none
  std::uint64_t file_size = 0;  // bytes of any one file that it writes; 0: no limit
  bool cpu_limit = true;        // the options' `cpu`, over its whole life
};

// A program that runs.
struct StartedProgram {
  pid_t program = 0;
  pid_t child = 0;      // to be reaped: the program, or the first process of its namespaces
  UniqueFd inits_word;  // that process's (ReadInitsWord); not open without namespaces
};

// Starts programs that can reach nothing but what their options grant: resource limits, Landlock,
// the broad syscall filter, a session of its own, namespaces where the options say so. Without
// these walls (an old kernel) it starts them all the same unless the options say
// `sandbox_required`; without namespaces never. A program dies with its launcher's process, and
// with namespaces so does all that it has started. Single-threaded.
class ProgramLauncher {
 public:
  // In the keeper. What it starts cannot signal or reschedule the service, any process that the
  // service has now, nor `zygote` and the caller. `options` must outlive it.
  static Expected<ProgramLauncher> Make(const CommandOptions& options, pid_t service, pid_t zygote);

  // Returns when the program is executed. The error's detail says what failed and why.
  [[nodiscard]] Expected<StartedProgram> Launch(const ProgramSpec& spec) const;

 private:
  ProgramLauncher(const CommandOptions& options, SyscallFilter filter)
      : options_(&options), filter_(std::move(filter)) {}

  const CommandOptions* options_;
  SyscallFilter filter_;
};

}  // namespace headrace
