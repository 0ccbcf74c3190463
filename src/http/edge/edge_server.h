#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/deadline.h"
#include "base/error.h"
#include "http/edge/http_options.h"
#include "http/edge/site.h"
#include "http/edge/tls_context.h"

namespace headrace {

// A Pistache endpoint that serves one site: listener, accept thread, reactors. Start and Stop
// belong to one thread; the rest is thread-safe. The site outlives it.
class EdgeServer {
 public:
  EdgeServer(HttpOptions options, Site& site, std::string thread_name);
  ~EdgeServer();
  EdgeServer(const EdgeServer&) = delete;
  EdgeServer& operator=(const EdgeServer&) = delete;

  // Binds and serves. Fails if the address cannot be had (kUnavailable), or the certificate or its
  // key (kInvalidArgument).
  Status Start();

  // A reload: `tls` and those of the options that a connection looks at, its limits and times, hold
  // from now on for what connections do next, for their heads and handshakes from the next
  // connection on. Thread-safe.
  void Reload(const HttpOptions& options, std::shared_ptr<const TlsContext> tls);
  // What it serves with; null: plain HTTP, or it has not started. Thread-safe.
  [[nodiscard]] std::shared_ptr<const TlsContext> Tls() const;

  // From now on every answer ends its connection; new ones are still accepted. Idle ones stay: a
  // proxy that has not yet heard of the end may be about to send a request on one of them.
  void AnnounceClose();
  // Closes the listener, and connections as they become idle. Implies AnnounceClose.
  void StopAccepting();
  // After StopAccepting: waits until every answer is out and every connection has ended. False if
  // the deadline came first.
  bool WaitIdle(Deadline deadline);
  // Ends the reactors and all connections; jobs that still wait are abandoned. Idempotent.
  void Stop();

  [[nodiscard]] std::uint16_t port() const;

  // How long ago the slowest reactor last turned; health's measure of "stuck".
  [[nodiscard]] Seconds SinceSlowestTurn() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace
