#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/job_store.h"
#include "http/message/answer.h"
#include "service/job_service.h"

namespace headrace {

// Jobs on one page of a list.
inline constexpr std::size_t kUsualPage = 50;
inline constexpr std::size_t kLargestPage = 100;

// What "queue=&state=&limit=&cursor=" asks for. 400 what is malformed, 404 for a queue that is not
// there.
Expected<RecordFilter> ParseJobList(std::string_view query, const JobService& service);

// {"jobs":[...],"next":"/v1/jobs?..."}: what the filter found, each as its status without the
// parts; `next` only if there is more.
Answer JobListAnswer(const JobPage& page, const RecordFilter& filter, const JobService& service);

}  // namespace headrace
