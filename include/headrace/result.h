#pragma once

#include <string>

namespace headrace {

// Why a handler could not do a job. `hint` reaches the client, `detail` only the operator's log.
struct Failure {
  enum class Kind {
    kBadPayload,     // 422: the payload or its combination with the parameters is at fault
    kNotAcceptable,  // 406: the wanted representation cannot be made of this payload
    kTooLarge,       // 502: the result would exceed what the job may use
    kInternal,       // 500: the handler's own fault
    // For handlers that have the work done by another program.
    kCrashed,   // 502: the program crashed; the type is always "executor-crashed"
    kCpuLimit,  // 502: it used more CPU time than it may; the same type
    kRetry,     // 503 with a Retry-After: it cannot do the job now, but may later
  };
  Kind kind = Kind::kInternal;
  std::string type;    // stable slug of the problem type, e.g. "pdf-password-required"
  std::string hint;    // for the client: what is wrong and what to do
  std::string detail;  // for the operator
};

}  // namespace headrace
