#pragma once

#include "base/cancel_token.h"
#include "base/error.h"
#include "base/outcome.h"
#include "service/submission.h"

namespace headrace {

// How jobs end that no handler has ended, in the words that their clients read.

[[nodiscard]] Error Draining();                 // 503: the service stops
[[nodiscard]] Error KeyConflict();              // 422: its Idempotency-Key belongs to other work
[[nodiscard]] Error ManyKeys(int retry_after);  // 429: no room for another key
[[nodiscard]] Error NoSuchJob();                // 404
[[nodiscard]] Error NoSuchQueue();              // 404
[[nodiscard]] Error Gone();                     // 410: its time is over, if there was such a job
[[nodiscard]] Error RunTimeout();               // 504: an attempt took too long
[[nodiscard]] Error NotNow();                   // 503: the job cannot be cancelled at the moment
[[nodiscard]] Error EngineDown();               // 503: nothing can be kept now
[[nodiscard]] Outcome Expired();                // its deadline has passed
[[nodiscard]] Outcome Cancelled();              // by DELETE
[[nodiscard]] Outcome ClientGone();             // nobody waits for it any more
[[nodiscard]] Outcome ShutDown();               // the service stopped before it ended

// Whether the one who asks may see the job: others' are as if they were not there.
[[nodiscard]] inline bool MaySee(const JobRef& job, const JobStatus& status) {
  return job.tenant == status.record.job.tenant;
}

// The reason as the log says it.
[[nodiscard]] const char* Name(CancelReason reason);

}  // namespace headrace
