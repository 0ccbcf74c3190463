#pragma once

#include "http/openapi/openapi.h"
#include "http/openapi/openapi_json.h"
#include "service/job_service.h"

namespace headrace::openapi {

// The `paths` of the document: every path of the route table, with the methods that it allows.
Json Paths(const JobService& service, const OpenApiOptions& options);

}  // namespace headrace::openapi
