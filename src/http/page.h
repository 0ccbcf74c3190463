#pragma once

#include "http/message/answer.h"
#include "service/job_service.h"

namespace headrace {

// GET / for a browser: a form that turns a PDF into pages (where a queue does that) and a table of
// the queues. No scripts; a Content-Security-Policy that allows none. `open`: whoever asks may;
// else it says how to use a key instead, which a form cannot send.
Answer PageAnswer(const JobService& service, bool open);

}  // namespace headrace
