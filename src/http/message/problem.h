#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message/answer.h"

namespace headrace {

// The only place that knows which HTTP status an error has.
int StatusOf(ErrorCode code);

// The `type` of a problem: what kind of error it is, for programs.
std::string ProblemType(const Error& error);

// The error as application/problem+json (RFC 9457): `type`, `title`, `status`, `detail` (the hint)
// and `job_id` where there is one; Retry-After where the error has it. The operator's detail stays
// out.
Answer ProblemAnswer(const Error& error, std::string_view job_id = {});

}  // namespace headrace
