#pragma once

#include <optional>
#include <string>
#include <utility>

#include "http/edge/routes.h"
#include "http/edge/site.h"
#include "http/jobs/job_site.h"
#include "http/openapi/openapi.h"
#include "metrics/metrics.h"
#include "service/job_service.h"
#include "tracing/tracer.h"

namespace headrace {

class JobUpload;

// The main listener's API: jobs, queues, the page. What does not ask for a job is answered as soon
// as its head is there; a new job's body is only read once admission has let it in. Thread-safe.
class ApiSite final : public Site {
 public:
  // `clients` limits the jobs that one address has under way at once.
  // `async`: clients may ask not to wait for their jobs (Prefer).
  // `keys` open the API, and outlive this; null: it is open.
  ApiSite(JobService& service, Metrics& metrics, ClientLimit clients = ClientLimit(0),
          bool async = true, const KeyRing* keys = nullptr)
      : service_(service),
        metrics_(metrics),
        routes_(service),
        document_(service, {.keys = keys != nullptr, .async = async}),
        jobs_(service),
        clients_(std::move(clients)),
        async_(async),
        keys_(keys) {}

  std::optional<Answer> OnHeaders(Exchange& exchange) override;
  void OnRequest(Connection& connection) override;
  void OnAnswered(const Exchange& exchange, int status) override;
  void OnConnections(int delta) override { metrics_.OnHttpConnection(delta); }

  // Records the spans of requests from now on; `https` is the listener's scheme. Before the first
  // request; the tracer outlives this.
  void TraceTo(const Tracer& tracer, bool https) {
    tracer_ = &tracer;
    https_ = https;
  }

 private:
  std::optional<Answer> CheckRoute(Exchange& exchange) const;
  std::optional<Answer> Admit(Exchange& exchange);
  Status TakeHead(Exchange& exchange, JobUpload& upload, Intake& intake) const;
  Status TakeKept(const RequestHead& head, JobUpload& upload, Intake& intake) const;
  Status TakeWebhook(std::string_view url, JobUpload& upload, const Intake& intake) const;
  Error TooManyJobs(QueueIndex queue);
  Answer Read(Exchange& exchange);
  void RecordSpan(const Exchange& exchange, int status) const;
  void Submit(Connection& connection);
  [[nodiscard]] Answer Root(Exchange& exchange) const;

  JobService& service_;
  Metrics& metrics_;
  const RouteTable routes_;
  const OpenApi document_;
  JobSite jobs_;
  ClientLimit clients_;
  const bool async_;
  const KeyRing* const keys_;
  const Tracer* tracer_ = nullptr;  // null: nothing is recorded
  bool https_ = false;
};

}  // namespace headrace
