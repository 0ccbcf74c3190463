#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ledger.h"
#include "base/outcome.h"
#include "base/queued_job.h"
#include "engine/engine.h"
#include "handler/executor_figures.h"
#include "handler/sandbox/sandbox_layers.h"
#include "tracing/trace_figures.h"

namespace headrace {

// Why admission refused a job. The label values of headrace_jobs_rejected_total.
enum class Rejection { kFull, kMemory, kResults, kQuota, kDeadline, kDraining };

// Routes as the metrics know them; every unknown path is kOther.
enum class HttpRoute {
  kRoot,
  kJobs,
  kJobList,
  kJob,
  kResult,
  kEvents,
  kQueues,
  kQueue,
  kOpenApi,
  kOther
};
enum class HttpMethod { kGet, kHead, kPost, kPut, kDelete, kOptions, kOther };

// As labels and spans name them: "/v1/queues/{queue}/jobs", "other"; "GET", "other".
const char* RouteText(HttpRoute route);
const char* MethodText(HttpMethod method);

struct WorkerFigures {
  std::size_t idle = 0;     // wait for a job
  std::size_t queued = 0;   // have a job to take, wait for a slot
  std::size_t busy = 0;     // run a job
  std::size_t overdue = 0;  // run a job that nobody wants any more
};

struct SlotFigures {
  std::size_t busy = 0;
  std::size_t free = 0;
};

struct SpoolFigures {
  std::uint64_t used = 0;    // bytes of results on the disk
  std::uint64_t limit = 0;   // most bytes there; 0 without a spool
  std::uint64_t errors = 0;  // results that could not be put there
};

struct WebhookFigures {
  std::uint64_t sent = 0;      // deliveries that a receiver took with a 2xx
  std::uint64_t failed = 0;    // attempts that came to anything else
  std::uint64_t given_up = 0;  // deliveries that will never be taken
  std::size_t pending = 0;     // deliveries that are due now or later
  std::size_t in_flight = 0;   // requests on their way
};

// How SIGHUP went.
struct ReloadFigures {
  std::uint64_t applied = 0;
  std::uint64_t refused = 0;
  double last_success = 0;  // Unix time, of the start at first
};

// Where a scrape finds what other modules count. Every function is called from the management
// thread, must be thread-safe and must not block; an empty one leaves its series at 0.
struct MetricSources {
  std::function<WorkerFigures(QueueIndex)> workers;
  std::function<SlotFigures()> slots;
  std::function<double(QueueIndex)> drain_rate;  // jobs per second
  std::function<Seconds(QueueIndex)> deadline;   // from a request to its answer
  std::function<ExecutorFigures(QueueIndex)> executors;
  std::function<bool(QueueIndex)> executors_up;  // whether they can be started
  std::function<bool()> ready;                   // what /readyz tells
  std::function<std::uint64_t()> log_dropped;    // lines
  const Ledger* ledger = nullptr;
  std::function<SpoolFigures()> spool;
  std::function<std::size_t()> armed_deadlines;
  std::function<WebhookFigures()> webhooks;
  std::function<ReloadFigures()> reloads;
  std::function<std::optional<double>()> certificate_end;  // Unix time; nothing without TLS
  std::function<TraceFigures()> traces;
  SandboxLayers sandbox{};  // as found at the start
};

// Every metric of the service: names, labels, buckets. What happens is told through the On...
// functions (thread-safe, well under a microsecond); job counts and queue lengths come from the
// engine at the scrape, copied together, so that accepted = finished + waiting + running in every
// scrape.
class Metrics {
 public:
  // `queues` and `engine` as configured; the engine outlives the metrics.
  Metrics(std::vector<std::string> queues, const Engine& engine, std::string version);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Connects the sources; before the first scrape, from the thread that builds the program.
  void Connect(MetricSources sources);

  void OnRejected(QueueIndex queue, Rejection reason);
  // A job ended: as `state`, `timings` spent. `started` is false for a job that never ran.
  void OnFinished(QueueIndex queue, JobState state, const JobTimings& timings, bool started);
  void OnHttpRequest(HttpRoute route, HttpMethod method, int code, Seconds duration);
  void OnHttpConnection(int delta);

  // All series in the Prometheus text format, version 0.0.4.
  [[nodiscard]] std::string Serialize() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace
