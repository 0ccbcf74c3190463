#pragma once

#include <string>

#include "service/job_service.h"

namespace headrace {

// What the API tells of queues, as JSON texts.
std::string QueueJson(const JobService& service, QueueIndex queue);
std::string QueuesJson(const JobService& service);

}  // namespace headrace
