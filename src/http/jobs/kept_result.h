#pragma once

#include <string_view>

#include "http/message/answer.h"
#include "http/message/request_head.h"
#include "service/job_service.h"

namespace headrace {

// The answer to a request for the result of a job, or for one of its parts by name. Of one part as
// itself: with a strong ETag, ranges and conditions (RFC 9110, 13 and 14); else in the form that
// the client likes best, as after the job. 409 of a job that has not ended (with `retry_after`
// seconds) or did not succeed, 404 without such a part, 410 after its time.
Answer KeptResultAnswer(JobStatus status, std::string_view part, const RequestHead& head,
                        int retry_after);

}  // namespace headrace
