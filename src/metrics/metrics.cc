#include "metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <atomic>
#include <string_view>
#include <utility>

#include "metrics/families.h"

namespace headrace {
namespace {

constexpr std::array<const char*, 6> kRejections{"full",  "memory",   "results",
                                                 "quota", "deadline", "draining"};
constexpr std::array<const char*, 10> kRoutes{"/",
                                              "/v1/queues/{queue}/jobs",
                                              "/v1/jobs",
                                              "/v1/jobs/{id}",
                                              "/v1/jobs/{id}/result",
                                              "/v1/jobs/{id}/events",
                                              "/v1/queues",
                                              "/v1/queues/{queue}",
                                              "/openapi.json",
                                              "other"};
constexpr std::array<const char*, 7> kMethods{"GET",    "HEAD",    "POST", "PUT",
                                              "DELETE", "OPTIONS", "other"};
constexpr std::array<JobState, 4> kFinalStates{JobState::kSucceeded, JobState::kFailed,
                                               JobState::kCancelled, JobState::kExpired};
constexpr int kCodes = 600;  // status codes are below

const prometheus::Histogram::BucketBoundaries& Buckets() {
  static const prometheus::Histogram::BucketBoundaries kBuckets{
      .001, .005, .025, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300};
  return kBuckets;
}

std::uint64_t Nanoseconds(Seconds seconds) {
  return static_cast<std::uint64_t>(seconds.count() * 1e9);
}

template <class Enum>
std::size_t Index(Enum value) {
  return static_cast<std::size_t>(value);
}

// The children of one queue, resolved once.
struct QueueChildren {
  std::array<prometheus::Counter*, kRejections.size()> rejected{};
  prometheus::Histogram* wait = nullptr;
  std::array<prometheus::Histogram*, kFinalStates.size()> run{};
};

}  // namespace

const char* RouteText(HttpRoute route) { return kRoutes[Index(route)]; }

const char* MethodText(HttpMethod method) { return kMethods[Index(method)]; }

struct Metrics::Impl {
  Impl(std::vector<std::string> names, const Engine& the_engine, std::string the_version)
      : queues(std::move(names)),
        engine(the_engine),
        version(std::move(the_version)),
        times(queues.size()),
        rejected(prometheus::BuildCounter()
                     .Name("headrace_jobs_rejected_total")
                     .Help("Jobs that were refused.")
                     .Register(registry)),
        wait(prometheus::BuildHistogram()
                 .Name("headrace_job_wait_seconds")
                 .Help("Time from acceptance to the start of the run.")
                 .Register(registry)),
        run(prometheus::BuildHistogram()
                .Name("headrace_job_run_seconds")
                .Help("Time from the start of the run to the outcome.")
                .Register(registry)),
        requests(prometheus::BuildCounter()
                     .Name("headrace_http_requests_total")
                     .Help("Requests answered on the main listener.")
                     .Register(registry)),
        durations(prometheus::BuildHistogram()
                      .Name("headrace_http_request_duration_seconds")
                      .Help("Time from a request's first byte to its answer.")
                      .Register(registry)),
        connections(prometheus::BuildGauge()
                        .Name("headrace_http_connections")
                        .Help("Open connections of the main listener.")
                        .Register(registry)
                        .Add({})) {
    for (const std::string& queue : queues) children.push_back(MakeChildren(queue));
    for (std::size_t i = 0; i < kRoutes.size(); ++i) {
      route_durations[i] = &durations.Add({{"route", kRoutes[i]}}, Buckets());
    }
  }

  QueueChildren MakeChildren(const std::string& queue) {
    QueueChildren made;
    for (std::size_t i = 0; i < kRejections.size(); ++i) {
      made.rejected[i] = &rejected.Add({{"queue", queue}, {"reason", kRejections[i]}});
    }
    made.wait = &wait.Add({{"queue", queue}}, Buckets());
    for (std::size_t i = 0; i < kFinalStates.size(); ++i) {
      made.run[i] = &run.Add({{"queue", queue}, {"outcome", ToString(kFinalStates[i])}}, Buckets());
    }
    return made;
  }

  // Series of {method, code} appear with use; each is looked up once.
  prometheus::Counter& Requests(HttpRoute route, HttpMethod method, int code) {
    auto& cached = request_cache[(Index(route) * kMethods.size() + Index(method)) * kCodes +
                                 static_cast<std::size_t>(code)];
    prometheus::Counter* counter = cached.load(std::memory_order_acquire);
    if (counter == nullptr) {
      counter = &requests.Add({{"route", kRoutes[Index(route)]},
                               {"method", kMethods[Index(method)]},
                               {"code", std::to_string(code)}});
      cached.store(counter, std::memory_order_release);
    }
    return *counter;
  }

  prometheus::Registry registry;
  std::vector<std::string> queues;
  const Engine& engine;
  std::string version;
  MetricSources sources;
  std::vector<QueueTimes> times;
  prometheus::Family<prometheus::Counter>& rejected;
  prometheus::Family<prometheus::Histogram>& wait;
  prometheus::Family<prometheus::Histogram>& run;
  prometheus::Family<prometheus::Counter>& requests;
  prometheus::Family<prometheus::Histogram>& durations;
  prometheus::Gauge& connections;
  std::vector<QueueChildren> children;
  std::array<prometheus::Histogram*, kRoutes.size()> route_durations{};
  std::vector<std::atomic<prometheus::Counter*>> request_cache{kRoutes.size() * kMethods.size() *
                                                               kCodes};
};

Metrics::Metrics(std::vector<std::string> queues, const Engine& engine, std::string version)
    : impl_(std::make_unique<Impl>(std::move(queues), engine, std::move(version))) {}

Metrics::~Metrics() = default;

void Metrics::Connect(MetricSources sources) { impl_->sources = std::move(sources); }

void Metrics::OnRejected(QueueIndex queue, Rejection reason) {
  impl_->children[queue].rejected[Index(reason)]->Increment();
}

void Metrics::OnFinished(QueueIndex queue, JobState state, const JobTimings& timings,
                         bool started) {
  if (!started) return;
  const QueueChildren& children = impl_->children[queue];
  QueueTimes& times = impl_->times[queue];
  children.wait->Observe(timings.wait.count());
  children.run[Index(state) - Index(JobState::kSucceeded)]->Observe(timings.run.count());
  times.last_wait.store(timings.wait.count(), std::memory_order_relaxed);
  times.last_run.store(timings.run.count(), std::memory_order_relaxed);
  times.runs.fetch_add(1, std::memory_order_relaxed);
  times.run_nanoseconds.fetch_add(Nanoseconds(timings.run), std::memory_order_relaxed);
  times.cpu_nanoseconds.fetch_add(Nanoseconds(timings.cpu), std::memory_order_relaxed);
}

void Metrics::OnHttpRequest(HttpRoute route, HttpMethod method, int code, Seconds duration) {
  if (code < 0 || code >= kCodes) return;
  impl_->Requests(route, method, code).Increment();
  impl_->route_durations[Index(route)]->Observe(duration.count());
}

void Metrics::OnHttpConnection(int delta) { impl_->connections.Increment(delta); }

std::string Metrics::Serialize() const {
  std::vector<QueueFigures> figures;
  figures.reserve(impl_->queues.size());
  for (QueueIndex i = 0; i < impl_->queues.size(); ++i) figures.push_back(impl_->engine.Figures(i));
  auto families = CollectFamilies(
      {impl_->queues, figures, impl_->times, impl_->engine, impl_->sources, impl_->version});
  for (auto& family : impl_->registry.Collect()) families.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace headrace
