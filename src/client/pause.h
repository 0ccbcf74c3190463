#pragma once

#include <chrono>

#include "base/cancel_token.h"
#include "base/deadline.h"

namespace headrace {

// Waits until then. False: the token was cancelled before.
bool PauseUntil(const CancelToken& cancel, Deadline until);

// How long to wait before a request is sent again of which nothing came back, or a refusal without
// Retry-After: `first`, doubled with each attempt (from 0 on) up to sixteen times that, and up to a
// quarter less (`random` is 0 to 1), so that many clients do not come back at once.
std::chrono::milliseconds BackoffDelay(std::chrono::milliseconds first, int attempt, double random);
// The same at random.
std::chrono::milliseconds BackoffDelay(std::chrono::milliseconds first, int attempt);

}  // namespace headrace
