#pragma once

#include <string>

#include "client/command_context.h"
#include "client/exit_codes.h"
#include "client/result_folder.h"

namespace headrace {

struct JobsQuery {
  std::string queue;  // empty: of all
  std::string state;  // empty: in all
  int limit = 50;     // jobs in all
};

// Each of them does one command of the client on the caller's thread, and tells what went wrong.

// The jobs of the key's tenant, newest first.
ExitCode ListJobs(const CommandContext& context, const JobsQuery& query);

// A job's status; with `follow` the one that it ends with, and how it ended.
ExitCode ShowJob(const CommandContext& context, const std::string& id, bool follow);

// A kept job's result; with `wait` after its end.
ExitCode FetchResult(const CommandContext& context, const std::string& id,
                     const FolderOptions& folder, bool wait);

// Cancels a job that waits or runs. One that has ended is left alone, unless its result is to be
// dropped.
ExitCode CancelJob(const CommandContext& context, const std::string& id, bool drop);

// The queues and their figures.
ExitCode ListQueues(const CommandContext& context);

}  // namespace headrace
