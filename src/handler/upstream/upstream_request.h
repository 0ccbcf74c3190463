#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/queued_job.h"
#include "handler/upstream/upstream_options.h"
#include "net/http_client.h"

namespace headrace {

// The request that a job becomes. Made from the job and the configuration alone: no header field of
// the job's own client is in it. Parameters are in the query, secret ones in percent-encoded
// `Headrace-Param-<name>` fields, since queries end up in logs. Error (500): the file of header
// fields cannot be used any more.
Expected<HttpRequest> MakeUpstreamRequest(const UpstreamOptions& options,
                                          const std::vector<std::string>& secret_params,
                                          const QueuedJob& job);

}  // namespace headrace
