#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/sync.h"
#include "handler/result_store.h"
#include "handler/runner.h"
#include "handler/upstream/upstream_options.h"
#include "net/http_client.h"

namespace headrace {

// Does the jobs of one queue by sending each to the queue's upstream, on the worker's own thread:
// as many requests at once as there are workers. Connections are kept for later jobs, one per
// worker that ever ran at the same time as others. A result is stored whole before the client sees
// any of it, so that its status is true; unless it is long, or nobody knows how long it will be,
// and its client takes pieces: then they go as they come (UpstreamAnswer), and a failure after the
// first one cuts the answer. The worker never waits for the client.
class UpstreamRunner final : public Runner {
 public:
  struct Options {
    UpstreamOptions upstream;                            // valid
    std::vector<std::string> secret_params;              // names
    std::uint64_t max_result = std::uint64_t{1} << 30U;  // bytes
    ResultStore store = {};                              // of answers while they come
  };

  explicit UpstreamRunner(Options options) : options_(std::move(options)) {}

  [[nodiscard]] Outcome Run(const QueuedJob& job) override;

 private:
  [[nodiscard]] std::unique_ptr<HttpClient> TakeClient();
  void GiveBack(std::unique_ptr<HttpClient> client);
  Outcome Exchange(const HttpRequest& request, const QueuedJob& job);

  const Options options_;
  Mutex mu_;
  // The last one given back is taken first: its connection is the least likely to be stale.
  std::vector<std::unique_ptr<HttpClient>> idle_ GUARDED_BY(mu_);
};

}  // namespace headrace
