#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/sync.h"
#include "http/edge/connection.h"
#include "http/edge/http_options.h"
#include "http/edge/reactor_link.h"
#include "http/edge/site.h"
#include "http/edge/tls_context.h"

namespace headrace {

// What the reactors of one server share. Outlives them. Thread-safe.
struct EdgeHub {
  EdgeHub(HttpOptions http_options, Site& served) : options(std::move(http_options)), site(served) {
    // Validate has judged it.
    if (auto proxies =
            TrustedProxies::Parse(options.trusted_proxies, options.client_address_header)) {
      state.proxies = *std::move(proxies);
    }
    current.options = options;
  }

  // Whether one more connection is within the limit. A warning a second tells the operator.
  bool HasRoom(std::size_t most) EXCLUDES(mu);

  // What a reload changes: limits, times, and what new connections are served with.
  struct Terms {
    HttpOptions options;
    std::shared_ptr<const TlsContext> tls;  // null: plain HTTP
  };
  // One reactor's own copy, which only its thread reads. Lives as long as this.
  struct Copy {
    Terms terms;
    std::uint64_t version = 0;
  };
  Copy& MakeCopy() EXCLUDES(mu);
  // Brings the copy up to date; cheap if it is. On the reactor's thread.
  void Refresh(Copy& copy) EXCLUDES(mu) {
    if (copy.version != version.load(std::memory_order_acquire)) Renew(copy);
  }
  // From now on; the reactors see it with whatever happens next on them.
  void SetTerms(Terms next) EXCLUDES(mu);
  [[nodiscard]] std::shared_ptr<const TlsContext> Tls() EXCLUDES(mu);

  void OnConnections(int delta) {
    site.OnConnections(delta);
    {
      const MutexLock lock(mu);
      connections += delta;
      if (connections != 0) return;
    }
    idle.NotifyAll();
  }

  const HttpOptions options;  // as they were at the start
  Site& site;
  EdgeState state;
  LogLimit refusals;

  Mutex mu;
  CondVar idle;  // no connection is left
  int connections GUARDED_BY(mu) = 0;
  std::vector<std::shared_ptr<ReactorLink>> reactors GUARDED_BY(mu);
  Terms current GUARDED_BY(mu);
  std::vector<std::unique_ptr<Copy>> copies GUARDED_BY(mu);
  std::atomic<std::uint64_t> version{1};  // of `current`

 private:
  void Renew(Copy& copy) EXCLUDES(mu);
};

}  // namespace headrace
