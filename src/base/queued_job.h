#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/cancel_token.h"
#include "base/deadline.h"
#include "base/idempotency_key.h"
#include "base/job_progress.h"
#include "base/outcome.h"
#include "base/payload.h"
#include "base/utc_time.h"
#include "headrace/params.h"

namespace headrace {

// Index of a configured queue, in the order of the configuration. Fixed for the life of the
// process.
using QueueIndex = std::size_t;

// What a client that says nothing of urgency has (RFC 9218).
inline constexpr int kUsualUrgency = 3;

// A client that takes a result of one part while its bytes come. A runner that knows no pieces may
// leave it unused. Called on the worker's thread.
struct PieceTaker {
  // Whether it takes a part of this media type so; null: none.
  std::function<bool(std::string_view media_type)> wants;
  // The next piece: bytes under the part's name and type. From the first one on the outcome has no
  // parts, and a failure cuts the answer.
  std::function<void(ResultPart)> take;
};

// The traceparent of the span of a job's run, where that is traced. The worker that drives the
// attempt sets it, and its runner reads it, on the same thread; nobody else does. A copy has none:
// it is made while another thread may be at that, or for another attempt.
class RunTrace {
 public:
  RunTrace() = default;
  RunTrace(const RunTrace& /*other*/) {}
  RunTrace& operator=(const RunTrace& /*other*/) { return *this; }
  ~RunTrace() = default;

  // Const as JobProgress::Set is.
  void Set(std::string traceparent) const { traceparent_ = std::move(traceparent); }
  [[nodiscard]] const std::string& Get() const { return traceparent_; }  // empty: it is not traced

 private:
  mutable std::string traceparent_;
};

// A job as the service keeps it, from acceptance to outcome. Immutable after it is pushed, except
// for the token, the progress and the run's trace: whoever must change more hands out a changed
// copy. Handlers see `headrace::Job` instead.
struct QueuedJob {
  std::string id;  // sorts by time, 96 random bits; see base/job_id.h
  QueueIndex queue = 0;
  std::string queue_name;
  Payload payload;
  std::string media_type;  // the payload's, as its client named it; empty: it named none
  Params params;           // validated
  Deadline deadline = Deadline::Never();  // of a kept job that runs: of this attempt
  SteadyTime accepted_at;
  SteadyTime waits_since = SteadyTime::min();  // of a later attempt: when it began to wait for it
  UtcTime accepted{};
  std::uint32_t attempt = 1;    // the one that runs, or will
  std::string tenant;           // empty: none
  int urgency = kUsualUrgency;  // RFC 9218: 0, the most urgent, to 7
  std::size_t max_waiting = 0;  // jobs of its tenant that may wait in its queue; 0: any number
  std::string traceparent;      // W3C Trace Context: of the span of its request
  std::string tracestate;       // as PassedTracestate gives it; may be empty

  // A job that outlives its connection: its outcome is kept, and told to whoever asks for it.
  bool kept = false;
  Deadline expires = Deadline::Never();  // of all attempts together
  std::uint64_t payload_size = 0;        // also where the payload is left in the store
  std::optional<UtcTime> started{};      // of the attempt that runs, or ran last
  std::optional<Error> last_error{};     // of the last attempt, which failed
  std::optional<IdempotencyKey> idempotency{};
  std::shared_ptr<void> client_place{};  // given back when the job is forgotten
  std::string webhook_url;               // empty: nobody is told

  CancelToken cancel;
  JobProgress progress;
  RunTrace run_trace;
  // Takes each part of the result as soon as it is complete, on the worker's thread; null: they
  // leave with the outcome.
  std::function<void(ResultPart)> on_part;
  PieceTaker pieces;

  // What a handler sees as the job's traceparent.
  [[nodiscard]] const std::string& Traceparent() const {
    return run_trace.Get().empty() ? traceparent : run_trace.Get();
  }
};

using JobPtr = std::shared_ptr<const QueuedJob>;

}  // namespace headrace
