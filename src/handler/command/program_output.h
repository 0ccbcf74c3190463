#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "handler/command/command_options.h"
#include "handler/command/scratch.h"
#include "handler/executor/executor_context.h"
#include "headrace/result.h"

namespace headrace {

// The results of a program that has ended, with all that it had started: nobody changes them any
// more. Each returns why there is none, or nothing; also when the service lost interest meanwhile.

// What it wrote to `file` as the part `output`.
std::optional<Failure> CollectStandardOutput(int file, const CommandOptions& options,
                                             KeeperContext& context);

// The regular files in the folder `output`, by name. Names that start with a dot are left out, and
// so are folders, links, pipes and devices; any other name must be fit for a part.
std::optional<Failure> CollectOutputFolder(const Scratch& scratch, const CommandOptions& options,
                                           KeeperContext& context);

// The media type of a file with that name; `otherwise` where its extension is unknown.
std::string_view MediaTypeOf(std::string_view name, std::string_view otherwise);

}  // namespace headrace
