#pragma once

#include "base/cancel_token.h"
#include "base/error.h"
#include "base/outcome.h"

namespace headrace {

// How jobs end that no handler has ended, in the words that their clients read.

[[nodiscard]] Error Draining();     // 503: the service stops
[[nodiscard]] Error NoSuchJob();    // 404
[[nodiscard]] Outcome Expired();    // its deadline has passed
[[nodiscard]] Outcome Cancelled();  // by DELETE
[[nodiscard]] Outcome ShutDown();   // the service stopped before it ended

// The reason as the log says it.
[[nodiscard]] const char* Name(CancelReason reason);

}  // namespace headrace
