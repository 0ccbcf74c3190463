#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "base/fd.h"
#include "handler/command/command_options.h"
#include "handler/command/error_output.h"
#include "handler/command/process_tree.h"
#include "handler/command/program.h"
#include "handler/command/program_end.h"
#include "handler/command/scratch.h"
#include "handler/executor/executor_context.h"
#include "headrace/job.h"

namespace headrace {

// One job of a program that is started for it: makes its folder and files, starts and supervises
// it, and sends what it made. References live longer.
class OneShot {
 public:
  // `socket`: to the service.
  OneShot(const CommandOptions& options, const ProgramLauncher& launcher, ProcessTree& tree,
          int socket)
      : options_(options), launcher_(launcher), tree_(tree), socket_(socket) {}

  // When it returns nothing of the program runs any more. Its folder stays until the destructor:
  // nobody needs to wait for that.
  [[nodiscard]] std::optional<Failure> Run(const Job& job, KeeperContext& context);

 private:
  Expected<StartedProgram> Start(const Job& job, ErrorOutput& errors);
  Status MakeFiles(const Job& job);
  [[nodiscard]] EndDetails Details(const ErrorOutput& errors) const;
  [[nodiscard]] std::uint64_t FileSize() const;

  const CommandOptions& options_;
  const ProgramLauncher& launcher_;
  ProcessTree& tree_;
  const int socket_;
  std::optional<Scratch> scratch_;
  UniqueFd input_;   // the payload; -1: empty
  UniqueFd output_;  // standard output where that is the result
  UniqueFd params_;
  std::uint64_t cpu_before_ = 0;  // s, of earlier jobs
};

}  // namespace headrace
