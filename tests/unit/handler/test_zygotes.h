#pragma once

#include "headrace/handler.h"

// Zygotes of the test executor that do their part badly. Each returns the exit status.
namespace headrace {

// One whose executors end before they say hello or, deaf, before they read their job.
int UnfitMain(bool deaf);

// One that cannot fork, so often; `handler` is that of the executors after that.
int ForklessMain(int times, Handler& handler);

}  // namespace headrace
