#pragma once

#include <memory>
#include <vector>

#include "base/sync.h"
#include "http/connection.h"
#include "http/http_options.h"
#include "http/reactor_link.h"
#include "http/site.h"
#include "http/tls_context.h"

namespace headrace {

// What the reactors of one server share. Outlives them. Thread-safe.
struct EdgeHub {
  EdgeHub(HttpOptions http_options, Site& served) : options(std::move(http_options)), site(served) {
    // Validate has judged it.
    if (auto proxies =
            TrustedProxies::Parse(options.trusted_proxies, options.client_address_header)) {
      state.proxies = *std::move(proxies);
    }
  }

  // Whether one more connection is within the limit. A warning a second tells the operator.
  bool HasRoom() EXCLUDES(mu);

  void OnConnections(int delta) {
    site.OnConnections(delta);
    {
      const MutexLock lock(mu);
      connections += delta;
      if (connections != 0) return;
    }
    idle.NotifyAll();
  }

  const HttpOptions options;
  std::shared_ptr<const TlsContext> tls;  // null: plain HTTP. Set before the reactors start
  Site& site;
  EdgeState state;
  LogLimit refusals;

  Mutex mu;
  CondVar idle;  // no connection is left
  int connections GUARDED_BY(mu) = 0;
  std::vector<std::shared_ptr<ReactorLink>> reactors GUARDED_BY(mu);
};

}  // namespace headrace
