#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/outcome.h"
#include "http/params_source.h"
#include "http/pending_job.h"
#include "http/pistache.h"
#include "service/job_service.h"

namespace headrace {

// The endpoint that does the work: takes a whole request for a queue, submits the job, and promises
// its outcome. Thread-safe.
class JobEndpoint {
 public:
  explicit JobEndpoint(JobService& service) : service_(service) {}

  // Takes the request's body. The promise is fulfilled by a worker and resolved on the connection's
  // reactor; a request that is not accepted resolves it at once, as a failed outcome. Never
  // rejected.
  Pistache::Async::Promise<Outcome> RunJob(Pistache::Http::Request& request, QueueIndex queue,
                                           const std::shared_ptr<PendingJob>& pending);

 private:
  Expected<Submission> MakeSubmission(Pistache::Http::Request& request, QueueIndex queue) const;
  static Expected<Payload> ReadForm(const std::string& content_type, std::string body,
                                    ParamsSource& params);

  JobService& service_;
};

// "Request-Timeout: N", whole seconds from 1 to 86400; nothing where the field is empty. 400
// otherwise.
Expected<std::optional<std::chrono::milliseconds>> ParseRequestTimeout(std::string_view field);

}  // namespace headrace
