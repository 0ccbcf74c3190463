#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/outcome.h"
#include "http/job_upload.h"
#include "http/pending_job.h"
#include "http/pistache.h"
#include "service/job_service.h"

namespace headrace {

// The endpoint that does the work: takes a request whose body has come, submits the job, and
// promises its outcome. Thread-safe.
class JobEndpoint {
 public:
  explicit JobEndpoint(JobService& service) : service_(service) {}

  // Takes what was uploaded by a request that began at `started`. The promise is fulfilled by a
  // worker and resolved on the connection's reactor; a request that is not accepted resolves it at
  // once, as a failed outcome. Never rejected.
  Pistache::Async::Promise<Outcome> RunJob(const Pistache::Http::Request& request,
                                           JobUpload& upload, SteadyTime started,
                                           const std::shared_ptr<PendingJob>& pending);

 private:
  JobService& service_;
};

// "Request-Timeout: N", whole seconds from 1 to 86400; nothing where the field is empty. 400
// otherwise.
Expected<std::optional<std::chrono::milliseconds>> ParseRequestTimeout(std::string_view field);

}  // namespace headrace
