#include "handler/upstream/upstream_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/trace.h"
#include "net/http_url.h"

namespace headrace {
namespace {

// Whole seconds, rounded down: an upstream that keeps them is in time.
std::int64_t SecondsLeft(Deadline deadline) {
  const auto left =
      std::chrono::floor<std::chrono::seconds>(deadline.time() - SteadyClock::now()).count();
  return std::max<std::int64_t>(left, 1);
}

// Moves the parameters with these names out of `params`.
Params TakeSecrets(const std::vector<std::string>& names, Params& params) {
  Params secrets;
  for (const std::string& name : names) {
    if (auto secret = params.extract(name)) secrets.insert(std::move(secret));
  }
  return secrets;
}

}  // namespace

Expected<HttpRequest> MakeUpstreamRequest(const UpstreamOptions& options,
                                          const std::vector<std::string>& secret_params,
                                          const QueuedJob& job) {
  auto configured = ReadUpstreamHeaders(options);
  if (!configured) {
    return Error{ErrorCode::kInternal, "upstream-headers",
                 "the service's own settings for this queue cannot be used; tell its operator",
                 "headers_file: " + configured.error().hint, 0};
  }
  Params params = job.params;
  const Params secrets = TakeSecrets(secret_params, params);
  HttpRequest request;
  request.method = options.method;
  request.url = WithQuery(options.url, params);
  request.body = job.payload;
  request.fields = *std::move(configured);
  request.fields.push_back("Job-Id: " + job.id);
  const std::string& run = job.run_trace.Get();
  request.fields.push_back("traceparent: " + (run.empty() ? ContinueTrace(job.traceparent) : run));
  if (!job.tracestate.empty()) request.fields.push_back("tracestate: " + job.tracestate);
  request.fields.emplace_back("Accept-Encoding: identity");
  if (!job.media_type.empty()) request.fields.push_back("Content-Type: " + job.media_type);
  if (!job.deadline.IsNever()) {
    request.fields.push_back(fmt::format("Request-Timeout: {}", SecondsLeft(job.deadline)));
  }
  for (const auto& [name, value] : secrets) {
    request.fields.push_back(fmt::format("Headrace-Param-{}: {}", name, PercentEncode(value)));
  }
  return request;
}

}  // namespace headrace
