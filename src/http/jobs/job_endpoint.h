#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/outcome.h"
#include "http/edge/pistache.h"
#include "http/jobs/job_upload.h"
#include "http/jobs/pending_job.h"
#include "service/job_service.h"

namespace headrace {

// The endpoint function that does the work: takes what was uploaded by a request that began at
// `started`, submits the job, and promises its outcome. The promise is fulfilled by a worker and
// resolved on the connection's reactor; a request that is not accepted resolves it at once, as a
// failed outcome. Never rejected. Thread-safe.
Pistache::Async::Promise<Outcome> RunJob(const Pistache::Http::Request& request, JobUpload& upload,
                                         SteadyTime started,
                                         const std::shared_ptr<PendingJob>& pending);

// "Request-Timeout: N", whole seconds from 1 to 86400; nothing where the field is empty. 400
// otherwise.
Expected<std::optional<std::chrono::milliseconds>> ParseRequestTimeout(std::string_view field);

}  // namespace headrace
