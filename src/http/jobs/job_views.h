#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "http/message/answer.h"
#include "service/job_service.h"

namespace headrace {

// What the API tells of a job, as the members of a JSON object; webhooks tell the same.
std::vector<std::pair<std::string, Json>> JobMembers(const JobStatus& status,
                                                     const JobService& service);

// The same as a JSON text: its state, times, progress, error, parts, links.
std::string JobJson(const JobStatus& status, const JobService& service);

// 200 with the status; or with a JSON text that was made of it before.
Answer StatusAnswer(const JobStatus& status, const JobService& service);
Answer StatusAnswer(std::string_view job_id, std::string json);
// 202 (RFC 9110, 15.3.3) with the status, and where it will be told. `prefer`: the field that it is
// the answer to (RFC 7240).
Answer AcceptedAnswer(const JobStatus& status, const JobService& service, std::string_view prefer);

}  // namespace headrace
