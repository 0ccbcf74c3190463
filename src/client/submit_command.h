#pragma once

#include <string>
#include <vector>

#include "client/command_context.h"
#include "client/exit_codes.h"
#include "client/submit_job.h"

namespace headrace {

// A job of each file, at most `parallel` of them under way at a time, on threads that end before it
// returns; the worst of their ends. Of several files each has a folder of its own in the folder,
// named like the file without its extension.
ExitCode SubmitFiles(const SubmitOptions& options, const std::vector<std::string>& files,
                     int parallel, const CommandContext& context);

// The folders for several files; empty names for one alone.
std::vector<std::string> FoldersOf(const std::vector<std::string>& files);

}  // namespace headrace
