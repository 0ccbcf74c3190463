#pragma once

#include <string>
#include <vector>

#include "http/openapi/openapi_json.h"

namespace headrace::openapi {

// components/schemas: what http/job_views, http/queue_views, http/problem and http/result_answer
// send as JSON, member by member.
Json Schemas();

// The words for the states of a job.
std::vector<std::string> StateNames();

}  // namespace headrace::openapi
