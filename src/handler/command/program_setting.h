#pragma once

#include <string>
#include <vector>

#include "handler/command/command_options.h"
#include "handler/command/scratch.h"
#include "headrace/job.h"

namespace headrace {

// What the operator's program finds around it.

// The command with {input} and {output} replaced by the paths in `scratch`.
std::vector<std::string> ProgramArguments(const CommandOptions& options, const Scratch& scratch);

// NAME=value: PATH, LANG, LC_*, TZ of the service, HOME and TMPDIR in `scratch`, what the operator
// adds; with a job also HEADRACE_JOB_ID, _QUEUE, _ATTEMPT, _MEDIA_TYPE, _PARAM_NAME, _PARAMS_FD,
// TRACEPARENT and, if there is one, TRACESTATE.
std::vector<std::string> ProgramEnvironment(const CommandOptions& options, const Scratch& scratch,
                                            const Job* job);

// The params as a JSON object of texts.
std::string ParamsJson(const Params& params);

// Any bytes as UTF-8 for a client or a log: what is invalid becomes U+FFFD, control characters
// blanks; cut to at most `longest` bytes.
std::string PlainText(std::string_view text, std::size_t longest);

}  // namespace headrace
