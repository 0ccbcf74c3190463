#include "service/endings.h"

#include <utility>

namespace headrace {
namespace {

// Seconds that a client is sent away for while the service stops; its successor is up by then.
constexpr int kDrainingRetry = 5;

}  // namespace

Error Draining() {
  return {ErrorCode::kUnavailable,
          "draining",
          "the service is stopping and takes no more jobs; try again in a moment",
          {},
          kDrainingRetry};
}

Error NoSuchJob() {
  return {ErrorCode::kNotFound,
          "no-such-job",
          "there is no such job, or it has ended and its result was delivered",
          {}};
}

Outcome Expired() {
  return EndedAs(
      JobState::kExpired,
      {ErrorCode::kDeadlineExceeded,
       "deadline",
       "the job did not end before its deadline; send less work at once, or ask the operator "
       "for a longer deadline",
       {}});
}

Outcome Cancelled() {
  return EndedAs(
      JobState::kCancelled,
      {ErrorCode::kConflict, "cancelled", "the job was cancelled by a DELETE request", {}});
}

Error KeyConflict() {
  return {ErrorCode::kUnprocessable,
          "idempotency-key-reused",
          "this Idempotency-Key was used for another payload or other params; take a new key for "
          "new work",
          {}};
}

Error ManyKeys(int retry_after) {
  return {ErrorCode::kOverloaded,
          "idempotency-keys",
          "the service holds as many Idempotency-Keys of yours, or in all, as it may; come back "
          "after Retry-After seconds",
          {},
          retry_after};
}

Error NoSuchQueue() {
  return {ErrorCode::kNotFound, "no-such-queue",
          "there is no such queue; GET /v1/queues lists them", "", 0};
}

Error Gone() {
  return {ErrorCode::kGone,
          "gone",
          "if there was such a job, its outcome is not kept any more; send the work again",
          {}};
}

Error RunTimeout() {
  return {ErrorCode::kDeadlineExceeded,
          "run-timeout",
          "the job took longer than this queue lets one run; send less work at once, or ask the "
          "operator for a longer run_timeout",
          {}};
}

Error NotNow() {
  return {
      ErrorCode::kUnavailable,
      "not-now",
      "the job cannot be cancelled now: its end is being saved, or its queue is not served; try "
      "again in a moment",
      {},
      kDrainingRetry};
}

Error EngineDown() {
  return {ErrorCode::kUnavailable,
          "engine-down",
          "the service cannot keep jobs now; try again in a moment",
          {},
          kDrainingRetry};
}

Outcome ClientGone() {
  return EndedAs(JobState::kCancelled,
                 {ErrorCode::kConflict, "cancelled", "the client went away", {}});
}

Outcome ShutDown() { return EndedAs(JobState::kCancelled, Draining()); }

const char* Name(CancelReason reason) {
  switch (reason) {
    case CancelReason::kNone:
      return "none";
    case CancelReason::kDisconnected:
      return "client-gone";
    case CancelReason::kDeadline:
      return "deadline";
    case CancelReason::kDeleted:
      return "deleted";
    case CancelReason::kShutdown:
      return "shutdown";
  }
  return "none";
}

}  // namespace headrace
