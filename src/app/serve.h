#pragma once

#include <string>

#include "config/config.h"
#include "config/load.h"

namespace headrace {

// Blocks the signals that `Serve` reads, for this thread and all that it makes, and ignores
// SIGPIPE. Before the first thread.
void BlockSignals();

// The folder of the executors' binaries: the configured one, else libexec/headrace beside the
// program's own folder.
std::string ExecutorsDir(const Config& config);

// Runs the service until SIGTERM or SIGINT has ended it. `config` is what `source` had; SIGHUP
// reads the source again. Returns the exit status: 0 when every job was answered, 1 when some were
// cut or it could not start. A second signal ends the process at once.
int Serve(const Config& config, const ConfigSource& source);

}  // namespace headrace
