#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/deadline.h"
#include "base/error.h"
#include "base/idempotency_key.h"
#include "base/outcome.h"
#include "base/utc_time.h"
#include "headrace/params.h"

namespace headrace {

// A job that outlives its connection, but for its payload: what a store keeps of it while it is
// unfinished, and with JobEnd afterwards.
struct KeptJob {
  std::string id;
  std::string queue;       // its name: indices change with the configuration
  std::string tenant;      // empty: none
  std::string media_type;  // the payload's; may be empty
  Params params;           // validated; secrets among them, so an ended job has none
  std::string traceparent;
  std::string tracestate;
  std::string webhook_url;                    // empty: the queue's, if it has one
  int urgency = 3;                            // RFC 9218, 0 to 7
  std::uint32_t attempt = 0;                  // attempts that have begun
  std::optional<IdempotencyKey> idempotency;  // unless the key has been given free
  UtcTime accepted{};
  std::optional<UtcTime> started;             // of the last attempt
  Deadline deadline = Deadline::Never();      // of the whole job; kept over a restart
  SteadyTime not_before = SteadyTime::min();  // a retry waits until then; kept over a restart
  std::optional<Error> last_error;            // of the last attempt that failed
  std::uint64_t payload_size = 0;             // bytes
};

// How a kept job ended, and for how long that is to be told.
struct JobEnd {
  Outcome outcome;  // one of the four final states; parts with their bytes
  UtcTime ended{};
  // The record and the result are kept so long. A store may keep a record longer, a result not.
  std::chrono::milliseconds keep{600'000};
  bool frees_key =
      false;  // its Idempotency-Key may be used again: it was cancelled, expired, crashed
  bool tells_webhook = false;  // a delivery is due; see JobStore::SetDelivery
};

// A record as a store gives it back. `end.outcome.parts` have names, media types, CRCs and, as
// whole_size, their sizes; bytes only where they were asked for.
struct JobRecord {
  KeptJob job;
  JobState state = JobState::kWaiting;
  std::optional<JobEnd> end;    // for a final state
  bool result_dropped = false;  // by DELETE, or its time is over
};

// A webhook that has not been told yet of its job's end.
struct PendingDelivery {
  std::string job_id;
  std::uint32_t attempts = 0;          // that have failed
  SteadyTime due = SteadyTime::min();  // of the next one; kept over a restart
};

}  // namespace headrace
