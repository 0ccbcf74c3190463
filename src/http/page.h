#pragma once

#include "http/answer.h"
#include "service/job_service.h"

namespace headrace {

// GET / for a browser: a form that turns a PDF into pages (where a queue does that) and a table of
// the queues. No scripts; a Content-Security-Policy that allows none.
Answer PageAnswer(const JobService& service);

}  // namespace headrace
