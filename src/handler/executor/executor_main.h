#pragma once

#include "handler/executor/keeper.h"
#include "handler/sandbox/sandbox.h"
#include "headrace/handler.h"

namespace headrace {

// The first argument of a zygote's command line; the second is the process id of the service. What
// follows are the settings of the handler, for the binary's main function.
inline constexpr const char* kZygoteArgument = "--zygote";

// The descriptor on which a zygote finds the service, and later an executor its own socket.
inline constexpr int kZygoteSocket = 3;

// The main function of an executor binary, started by the service's Zygote: warms the handler, then
// forks one executor per request until the service goes. Each executor limits itself, takes one
// job, calls `handler.Run` and ends. The process must be single-threaded when it calls this and
// `Warm` must leave it so. `profile` says what `Run` may do; `keeper` is given for kKeeper and for
// no other. Returns the exit status: 2 if it was not started by a service or the handler cannot be
// warmed. In an executor it does not return.
int ExecutorMain(int argc, char** argv, Handler& handler,
                 ExecutorProfile profile = ExecutorProfile::kMinimal, Keeper* keeper = nullptr);

}  // namespace headrace
