#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "base/job_id.h"
#include "base/queued_job.h"

namespace headrace {

// A job as the service makes it, with a payload of `bytes`.
inline std::shared_ptr<QueuedJob> MakeJob(QueueIndex queue = 0, std::size_t bytes = 0) {
  auto job = std::make_shared<QueuedJob>();
  job->id = NewJobId(queue);
  job->queue = queue;
  job->queue_name = "queue-" + std::to_string(queue);
  job->payload = Payload::FromString(std::string(bytes, 'x'));
  job->accepted_at = SteadyClock::now();
  job->deadline = Deadline::After(std::chrono::hours(1));
  return job;
}

}  // namespace headrace
