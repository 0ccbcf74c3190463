#include "http/problem_types.h"

namespace headrace {
namespace {

using Code = ErrorCode;

constexpr ProblemKind kKnown[] = {
    {Code::kInvalidArgument, "malformed-request"},
    {Code::kInvalidArgument, "malformed-query"},
    {Code::kInvalidArgument, "malformed-form"},
    {Code::kInvalidArgument, "bad-query"},
    {Code::kInvalidArgument, "empty-field"},
    {Code::kInvalidArgument, "bad-idempotency-key"},
    {Code::kInvalidArgument, "bad-request-timeout"},
    {Code::kInvalidArgument, "webhook-without-prefer"},
    {Code::kInvalidArgument, "http-version"},
    {Code::kNotFound, "not-found"},
    {Code::kNotFound, "no-such-queue"},
    {Code::kNotFound, "no-such-job"},
    {Code::kNotFound, "no-such-part"},
    {Code::kMethodNotAllowed, "method-not-allowed"},
    {Code::kNotAcceptable, "not-acceptable"},
    {Code::kRequestTimeout, "request-timeout"},
    {Code::kRequestTimeout, "upload-deadline"},
    {Code::kConflict, "cancelled"},
    {Code::kConflict, "not-ended"},
    {Code::kConflict, "no-result"},
    {Code::kGone, "gone"},
    {Code::kPayloadTooLarge, "payload-too-large"},
    {Code::kPayloadTooLarge, "form-too-large"},
    {Code::kUriTooLong, "uri-too-long"},
    {Code::kUnsupportedMediaType, "unsupported-media-type"},
    {Code::kUnsupportedMediaType, "content-encoding"},
    {Code::kRangeNotSatisfiable, "range-not-satisfiable"},
    {Code::kExpectationFailed, "expectation-failed"},
    {Code::kUnprocessable, "invalid-params"},
    {Code::kUnprocessable, "bad-parameter"},
    {Code::kUnprocessable, "empty-payload"},
    {Code::kUnprocessable, "several-files"},
    {Code::kUnprocessable, "webhook-url"},
    {Code::kUnprocessable, "idempotency-key-reused"},
    {Code::kUnprocessable, "upstream-rejected"},
    {Code::kUnprocessable, "command-refused"},
    {Code::kUnprocessable, "pdf-not-a-pdf"},
    {Code::kUnprocessable, "pdf-damaged"},
    {Code::kUnprocessable, "pdf-no-pages"},
    {Code::kUnprocessable, "pdf-too-many-pages"},
    {Code::kUnprocessable, "pdf-page-out-of-range"},
    {Code::kUnprocessable, "pdf-page-too-large"},
    {Code::kUnprocessable, "pdf-password-required"},
    {Code::kUnprocessable, "pdf-password-wrong"},
    {Code::kUnprocessable, "pdf-encryption-unsupported"},
    {Code::kUnprocessable, "ocr-damaged"},
    {Code::kUnprocessable, "ocr-unsupported-format"},
    {Code::kUnprocessable, "ocr-too-many-pages"},
    {Code::kUnprocessable, "ocr-page-out-of-range"},
    {Code::kUnprocessable, "ocr-page-too-large"},
    {Code::kOverloaded, "queue-full"},
    {Code::kOverloaded, "memory-budget-spent"},
    {Code::kOverloaded, "results"},
    {Code::kOverloaded, "idempotency-keys"},
    {Code::kOverloaded, "client-limit"},
    {Code::kOverloaded, "deadline-out-of-reach"},
    {Code::kOverloaded, "quota-waiting"},
    {Code::kOverloaded, "quota-rate"},
    {Code::kHeadersTooLarge, "headers-too-large"},
    {Code::kInternal, "internal"},
    {Code::kInternal, "handler-failed"},
    {Code::kInternal, "command-failed"},
    {Code::kInternal, "upstream-headers"},
    {Code::kInternal, "ocr-failed"},
    {Code::kInternal, "pdf-no-bitmap"},
    {Code::kInternal, "stopped"},
    {Code::kInternal, "payload-lost"},
    {Code::kInternal, "result-lost"},
    {Code::kHandlerCrashed, "executor-crashed"},
    {Code::kHandlerCrashed, "interrupted"},
    {Code::kHandlerCrashed, "result-too-large"},
    {Code::kHandlerCrashed, "upstream-failed"},
    {Code::kHandlerCrashed, "upstream-redirect"},
    {Code::kHandlerCrashed, "upstream-unreachable"},
    {Code::kUnavailable, "draining"},
    {Code::kUnavailable, "engine-down"},
    {Code::kUnavailable, "not-now"},
    {Code::kUnavailable, "executors-unavailable"},
    {Code::kUnavailable, "out-of-resources"},
    {Code::kUnavailable, "spool"},
    {Code::kUnavailable, "command-unavailable"},
    {Code::kUnavailable, "upstream-busy"},
    {Code::kDeadlineExceeded, "deadline"},
    {Code::kDeadlineExceeded, "run-timeout"},
};

}  // namespace

std::span<const ProblemKind> KnownProblems() { return kKnown; }

bool HandlersName(ErrorCode code) {
  return code == Code::kUnprocessable || code == Code::kNotAcceptable || code == Code::kInternal ||
         code == Code::kHandlerCrashed || code == Code::kUnavailable;
}

}  // namespace headrace
