#pragma once

#include <string>
#include <string_view>

#include "base/outcome.h"
#include "http/message/answer.h"

namespace headrace {

// What an outcome's answer depends on besides the outcome.
struct ResultRequest {
  std::string_view accept;  // the Accept field, empty: anything
  std::string_view job_id;
  std::string_view queue;
};

// "Server-Timing: queue;dur=..., run;dur=..., cpu;dur=..., mem;desc=..." with its line end (W3C
// Server Timing; milliseconds, and the peak memory in bytes). The last two only where known.
std::string ServerTiming(const JobTimings& timings);

// Whether a result that is one part of this media type is sent as itself to a client with this
// Accept field, and not packed. Thread-safe.
bool IsSentAsItself(std::string_view accept, std::string_view media_type);

// The answer to a job: its result in the form that the client likes best (one part: itself;
// several: a stored zip; JSON; multipart/mixed), or its error as a problem. Carries Job-Id,
// Server-Timing and the security fields of results. Parts are not copied. 406 where the client
// accepts no form.
Answer OutcomeAnswer(Outcome outcome, const ResultRequest& request);

}  // namespace headrace
