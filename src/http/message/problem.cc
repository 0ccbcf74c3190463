#include "http/message/problem.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace headrace {
namespace {

struct Kind {
  int status;
  const char* type;  // where the error itself names none
};

Kind KindOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return {400, "malformed-request"};
    case ErrorCode::kUnauthorized:
      return {401, "unauthorized"};
    case ErrorCode::kForbidden:
      return {403, "forbidden"};
    case ErrorCode::kNotFound:
      return {404, "not-found"};
    case ErrorCode::kMethodNotAllowed:
      return {405, "method-not-allowed"};
    case ErrorCode::kNotAcceptable:
      return {406, "not-acceptable"};
    case ErrorCode::kRequestTimeout:
      return {408, "request-timeout"};
    case ErrorCode::kConflict:
      return {409, "conflict"};
    case ErrorCode::kGone:
      return {410, "gone"};
    case ErrorCode::kPayloadTooLarge:
      return {413, "payload-too-large"};
    case ErrorCode::kUriTooLong:
      return {414, "uri-too-long"};
    case ErrorCode::kUnsupportedMediaType:
      return {415, "unsupported-media-type"};
    case ErrorCode::kRangeNotSatisfiable:
      return {416, "range-not-satisfiable"};
    case ErrorCode::kExpectationFailed:
      return {417, "expectation-failed"};
    case ErrorCode::kUnprocessable:
      return {422, "unprocessable"};
    case ErrorCode::kOverloaded:
      return {429, "overloaded"};
    case ErrorCode::kHeadersTooLarge:
      return {431, "headers-too-large"};
    case ErrorCode::kInternal:
      return {500, "internal"};
    case ErrorCode::kHandlerCrashed:
      return {502, "handler-crashed"};
    case ErrorCode::kUnavailable:
      return {503, "unavailable"};
    case ErrorCode::kDeadlineExceeded:
      return {504, "deadline-exceeded"};
  }
  std::abort();  // -Wswitch makes this unreachable
}

}  // namespace

int StatusOf(ErrorCode code) { return KindOf(code).status; }

std::string ProblemType(const Error& error) {
  return fmt::format("/problems/{}", error.type.empty() ? KindOf(error.code).type : error.type);
}

Answer ProblemAnswer(const Error& error, std::string_view job_id) {
  const Kind kind = KindOf(error.code);
  Answer answer;
  answer.status = kind.status;
  answer.fields = "Content-Type: application/problem+json\r\nCache-Control: no-store\r\n";
  if (error.retry_after > 0) {
    fmt::format_to(std::back_inserter(answer.fields), "Retry-After: {}\r\n", error.retry_after);
  }
  std::vector<std::pair<std::string, Json>> members{
      {"type", Json::String(ProblemType(error))},
      {"title", Json::String(ReasonPhrase(kind.status))},
      {"status", Json::Number(static_cast<std::uint64_t>(kind.status))}};
  if (!error.hint.empty()) members.emplace_back("detail", Json::String(error.hint));
  if (!job_id.empty()) members.emplace_back("job_id", Json::String(job_id));
  answer.text = Json::Object(members).Text() + "\n";
  return answer;
}

}  // namespace headrace
