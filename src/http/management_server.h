#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "http/edge/edge_server.h"
#include "http/edge/http_options.h"
#include "http/edge/site.h"
#include "metrics/metrics.h"
#include "service/health.h"

namespace headrace {

// What the management listener serves: /metrics, /livez, /readyz, /startupz, /version. Thread-safe.
class ManagementSite final : public Site {
 public:
  ManagementSite(const Metrics& metrics, const Health& health)
      : metrics_(metrics), health_(health) {}

  std::optional<Answer> OnHeaders(Exchange& exchange) override;
  void OnRequest(Connection& connection) override;
  void OnAnswered(const Exchange& /*exchange*/, int /*status*/) override {}
  void OnConnections(int /*delta*/) override {}

 private:
  [[nodiscard]] std::optional<Answer> Find(std::string_view path) const;

  const Metrics& metrics_;
  const Health& health_;
};

// The management listener, on a reactor of its own, so that it answers whatever the rest does.
// Start and Stop belong to one thread. `metrics` and `health` outlive it.
class ManagementServer {
 public:
  ManagementServer(const ManagementOptions& options, const Metrics& metrics, const Health& health);

  Status Start() { return server_.Start(); }
  void Stop() { server_.Stop(); }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }

 private:
  ManagementSite site_;
  EdgeServer server_;
};

}  // namespace headrace
