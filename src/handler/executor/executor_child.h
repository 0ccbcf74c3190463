#pragma once

#include <sys/types.h>

#include "base/fd.h"
#include "handler/executor/keeper.h"
#include "handler/frames/frames.h"
#include "handler/sandbox/sandbox.h"
#include "headrace/handler.h"

namespace headrace {

// The life of an executor, from the fork to its end: limits and confines itself, then says hello,
// takes a job, runs it, answers, as often as its limits say. `socket` is its end of the pair that
// the service made. `confinement` was prepared by the zygote. Single-threaded.
[[noreturn]] void RunExecutor(Handler& handler, int socket, const ExecutorLimits& limits,
                              pid_t service, Confinement& confinement);

// The life of a keeper: the same, with what `keeper` does around it. SIGTERM is blocked.
[[noreturn]] void RunKeeper(Handler& handler, Keeper& keeper, int socket,
                            const ExecutorLimits& limits, pid_t service);

}  // namespace headrace
