#pragma once

#include <cstdlib>
#include <string>
#include <utility>

#include "base/error.h"

namespace headrace {

// What a command of the client ends with; docs/client.md and --help promise them.
enum class ExitCode {
  kDone = 0,
  kJobFailed = 1,     // or it was cancelled, expired, or lost
  kRefused = 2,       // wrong usage, a file that cannot be read, or a 4xx
  kNotInTime = 3,     // 429 or 503 up to the last retry, or --timeout is over
  kBroken = 4,        // no connection, no trust, a broken answer, a result that cannot be written
  kInterrupted = 130  // by SIGINT, SIGTERM or SIGHUP
};

// The client's errors: `hint` is the sentence that its user reads.
inline Error Refusal(std::string text) {
  return {ErrorCode::kInvalidArgument, "", std::move(text), "", 0};
}
inline Error JobFailure(std::string text) {
  return {ErrorCode::kConflict, "", std::move(text), "", 0};
}
inline Error NotInTime(std::string text) {
  return {ErrorCode::kDeadlineExceeded, "", std::move(text), "", 0};
}
inline Error Broken(std::string type, std::string text) {
  return {ErrorCode::kUnavailable, std::move(type), std::move(text), "", 0};
}
inline Error Interrupted() { return {ErrorCode::kGone, "", "interrupted", "", 0}; }

inline ExitCode ExitCodeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kConflict:
      return ExitCode::kJobFailed;
    case ErrorCode::kOverloaded:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kRequestTimeout:
      return ExitCode::kNotInTime;
    case ErrorCode::kInternal:
    case ErrorCode::kHandlerCrashed:
    case ErrorCode::kUnavailable:
      return ExitCode::kBroken;
    case ErrorCode::kGone:
      return ExitCode::kInterrupted;
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kUnauthorized:
    case ErrorCode::kForbidden:
    case ErrorCode::kNotFound:
    case ErrorCode::kMethodNotAllowed:
    case ErrorCode::kNotAcceptable:
    case ErrorCode::kPayloadTooLarge:
    case ErrorCode::kUriTooLong:
    case ErrorCode::kUnsupportedMediaType:
    case ErrorCode::kRangeNotSatisfiable:
    case ErrorCode::kExpectationFailed:
    case ErrorCode::kUnprocessable:
    case ErrorCode::kHeadersTooLarge:
      return ExitCode::kRefused;
  }
  std::abort();  // -Wswitch makes this unreachable
}

}  // namespace headrace
