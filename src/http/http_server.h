#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "http/api_site.h"
#include "http/edge/edge_server.h"
#include "http/edge/http_options.h"
#include "metrics/metrics.h"
#include "service/job_service.h"

namespace headrace {

// The main listener. Start and Stop belong to one thread; the rest is thread-safe. `service` and
// `metrics` outlive it. Stop it after the workers, so that their outcomes still reach the clients.
class HttpServer {
 public:
  // `keys` as in ApiSite; they may change meanwhile.
  HttpServer(HttpOptions options, JobService& service, Metrics& metrics,
             const KeyRing* keys = nullptr);

  // Records the spans of requests. Before Start; the tracer outlives this.
  void TraceTo(const Tracer& tracer) { site_.TraceTo(tracer, https_); }

  Status Start() { return server_.Start(); }  // binds; port 0 takes a free one
  void AnnounceClose() {
    server_.AnnounceClose();
  }  // answers carry `Connection: close` from now on
  void StopAccepting() { server_.StopAccepting(); }  // closes the listener; idle connections end
  bool WaitIdle(Deadline deadline) { return server_.WaitIdle(deadline); }  // all answers are out
  void Stop() { server_.Stop(); }  // ends reactors and connections; idempotent

  // As in EdgeServer.
  void Reload(const HttpOptions& options, std::shared_ptr<const TlsContext> tls) {
    server_.Reload(options, std::move(tls));
  }
  [[nodiscard]] std::shared_ptr<const TlsContext> Tls() const { return server_.Tls(); }

  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] Seconds SinceSlowestTurn() const { return server_.SinceSlowestTurn(); }

 private:
  const bool https_;
  ApiSite site_;
  EdgeServer server_;
};

}  // namespace headrace
