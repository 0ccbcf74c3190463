#include "handler/outcomes.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

namespace headrace {
namespace {

// What clients are told who may come again, without anybody knowing when.
constexpr int kRetrySeconds = 5;

ErrorCode ToCode(WireFailure failure) {
  switch (failure) {
    case WireFailure::kBadPayload:
      return ErrorCode::kUnprocessable;
    case WireFailure::kNotAcceptable:
      return ErrorCode::kNotAcceptable;
    case WireFailure::kTooLarge:
    case WireFailure::kOutOfMemory:
    case WireFailure::kCrashed:
    case WireFailure::kCpuLimit:
      return ErrorCode::kHandlerCrashed;
    case WireFailure::kRetry:
      return ErrorCode::kUnavailable;
    case WireFailure::kInternal:
      return ErrorCode::kInternal;
  }
  std::abort();
}

}  // namespace

Outcome FailedOutcome(Error error) { return EndedAs(JobState::kFailed, std::move(error)); }

Outcome ExpiredOutcome() {
  return EndedAs(JobState::kExpired, {ErrorCode::kDeadlineExceeded, "deadline",
                                      "the job did not end before its deadline", ""});
}

Outcome CancelledOutcome() {
  return EndedAs(JobState::kCancelled,
                 {ErrorCode::kConflict, "cancelled", "the job was cancelled", ""});
}

Outcome UnwantedOutcome(const QueuedJob& job) {
  const CancelReason reason = job.cancel.reason();
  const bool expired = reason == CancelReason::kNone || reason == CancelReason::kDeadline;
  return expired ? ExpiredOutcome() : CancelledOutcome();
}

Outcome FailureOutcome(WireFailure kind, Error error) {
  error.code = ToCode(kind);
  if (kind == WireFailure::kRetry) error.retry_after = kRetrySeconds;
  if (kind == WireFailure::kCrashed || kind == WireFailure::kCpuLimit) {
    error.type = "executor-crashed";
  }
  if (error.type.empty()) error.type = "handler-failed";
  if (error.hint.empty()) error.hint = "the handler could not do this job";
  return FailedOutcome(std::move(error));
}

Error ResultTooLarge(std::uint64_t limit, std::string detail) {
  return Error{
      ErrorCode::kHandlerCrashed, "result-too-large",
      fmt::format("the result is larger than this queue gives out ({} bytes in {} parts at "
                  "most); ask for less in one job",
                  limit, kMaxParts),
      std::move(detail)};
}

}  // namespace headrace
