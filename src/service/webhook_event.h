#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "engine/kept_job.h"

namespace headrace {

// The members of a JSON object, in their order.
using JsonMembers = std::vector<std::pair<std::string, Json>>;

// The identity of the one event that a job has, its end: the same in every attempt to tell it.
std::string WebhookId(std::string_view job_id);

// Whether the result of an ended job goes with its event: it is at most so many bytes, and not
// gone.
bool IsInlined(const JobRecord& record, std::size_t inline_max);

// The body that tells of a job's end: type, timestamp and data, which is the status, and for
// `inlined` ones `result`: its parts with their bytes in base64, which the record has then.
std::string WebhookBody(const JobRecord& record, JsonMembers status, bool inlined);

}  // namespace headrace
