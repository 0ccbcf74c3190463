#pragma once

#include <chrono>

#include "base/cancel_token.h"
#include "base/deadline.h"

namespace headrace {

// Waits until then. False: the token was cancelled before.
bool PauseUntil(const CancelToken& cancel, Deadline until);

// How long to wait before a request is sent again of which nothing came back, or a refusal without
// Retry-After: half a second, doubled with each attempt (from 0 on) up to 8 s, and up to a quarter
// less at random, so that many clients do not come back at once.
std::chrono::milliseconds BackoffDelay(int attempt, double random);
std::chrono::milliseconds BackoffDelay(int attempt);

}  // namespace headrace
