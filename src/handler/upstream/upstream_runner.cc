#include "handler/upstream/upstream_runner.h"

#include <utility>

#include "handler/outcomes.h"
#include "handler/upstream/upstream_answer.h"
#include "handler/upstream/upstream_request.h"

namespace headrace {

std::unique_ptr<HttpClient> UpstreamRunner::TakeClient() {
  {
    const MutexLock lock(mu_);
    if (!idle_.empty()) {
      auto client = std::move(idle_.back());
      idle_.pop_back();
      return client;
    }
  }
  const UpstreamOptions& upstream = options_.upstream;
  HttpClientOptions options;
  options.connect_timeout = upstream.connect_timeout;
  options.idle_timeout = upstream.idle_timeout;
  options.max_head = upstream.max_response_headers;
  options.ca_file = upstream.ca_file;
  return std::make_unique<HttpClient>(std::move(options));
}

void UpstreamRunner::GiveBack(std::unique_ptr<HttpClient> client) {
  const MutexLock lock(mu_);
  idle_.push_back(std::move(client));
}

Outcome UpstreamRunner::Exchange(const HttpRequest& request, const QueuedJob& job) {
  auto client = TakeClient();
  const bool in_pieces = options_.upstream.stream && job.pieces.wants != nullptr;
  UpstreamAnswer answer(options_.max_result, in_pieces ? &job.pieces : nullptr, options_.store);
  const HttpReport report = client->Run(request, answer, job.cancel, job.deadline);
  GiveBack(std::move(client));
  if (report.end == HttpEnd::kUnwanted) return UnwantedOutcome(job);
  auto parts = answer.Finish(report);
  if (!parts) return FailedOutcome(std::move(parts).error());
  Outcome outcome;
  outcome.state = JobState::kSucceeded;
  outcome.parts = *std::move(parts);
  return outcome;
}

Outcome UpstreamRunner::Run(const QueuedJob& job) {
  const SteadyTime begin = SteadyClock::now();
  auto request = MakeUpstreamRequest(options_.upstream, options_.secret_params, job);
  Outcome outcome = request ? Exchange(*request, job) : FailedOutcome(std::move(request).error());
  if (job.on_part) {
    for (ResultPart& part : std::exchange(outcome.parts, {})) job.on_part(std::move(part));
  }
  outcome.timings.run = SteadyClock::now() - begin;
  return outcome;
}

}  // namespace headrace
