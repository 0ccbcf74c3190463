#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/outcome.h"
#include "base/queued_job.h"
#include "handler/frames/frames.h"

namespace headrace {

// The outcomes that every runner has in common, in the same words.

Outcome FailedOutcome(Error error);
// The job's deadline passed, or its token was cancelled for that or another reason.
Outcome UnwantedOutcome(const QueuedJob& job);
Outcome ExpiredOutcome();
Outcome CancelledOutcome();
// A handler's own account of why it failed, with an empty type or hint filled in.
Outcome FailureOutcome(WireFailure kind, Error error);
// The parts together are larger than `limit` bytes, or too many.
Error ResultTooLarge(std::uint64_t limit, std::string detail);

inline constexpr std::size_t kMaxParts = 4096;

}  // namespace headrace
