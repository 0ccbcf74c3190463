#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/utc_time.h"

namespace headrace {

// Most queues that a job id can tell apart.
inline constexpr std::size_t kMaxQueues = 1024;

// A new job id: 32 characters of Crockford's base 32, 10 for the UTC time in ms (so ids sort by
// time), 20 for 100 random bits from getrandom(2) (nobody guesses another's id), 2 for the queue's
// number, so that a job is found without an index over all queues. `queue` < kMaxQueues.
// Thread-safe.
std::string NewJobId(std::size_t queue);

// The queue's index in a job id; nothing if the text is not an id.
std::optional<std::size_t> QueueOfJobId(std::string_view id);

// The time in a job id, as its maker's wall clock had it; the epoch for what is no id.
UtcTime TimeOfJobId(std::string_view id);

// `count` lower-case hexadecimal digits of random bits; for trace and span ids. Thread-safe.
std::string RandomHex(int count);

// The same, into `digits`.
void FillRandomHex(std::span<char> digits);

}  // namespace headrace
