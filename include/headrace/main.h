#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "headrace/handler.h"

namespace headrace {

// A handler that is compiled into the program.
struct LinkedHandler {
  HandlerInfo info;  // its name is what a queue's `handler:` says; its params are checked for it

  // Makes the handler. Called in the process that warms it: in the zygote of each queue with
  // `isolation: {mode: process}`, and once in the service if it is thread_safe.
  std::function<std::unique_ptr<Handler>()> make;

  // Run may be called from several threads at once: `isolation: {mode: thread}` is allowed.
  bool thread_safe = false;
};

// The program `headrace` with handlers of one's own beside the built-in ones: the same commands,
// configuration and HTTP. Returns the exit status; what is wrong with a handler's declaration is
// one (1, with a line on standard error). For queues in processes it starts the same executable
// again, which comes back here. Call it first in main, while the process has one thread.
int Main(int argc, char** argv, const std::vector<LinkedHandler>& handlers);

}  // namespace headrace
