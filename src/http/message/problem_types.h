#pragma once

#include <span>

#include "base/error.h"

namespace headrace {

// A kind of problem that a client may meet.
struct ProblemKind {
  ErrorCode code;
  const char* type;  // as in Error
};

// Those of the service and of its own handlers, by their status; linked-in ones and workers may
// tell types of their own. A test looks for those that are missing in the sources.
std::span<const ProblemKind> KnownProblems();

// Whether handlers choose the types of such errors, so that there are more than the known ones.
bool HandlersName(ErrorCode code);

}  // namespace headrace
