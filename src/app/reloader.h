#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "app/logging.h"
#include "app/plan.h"
#include "app/queue_handlers.h"
#include "app/runners.h"
#include "config/config.h"
#include "config/load.h"
#include "engine/local/local_engine.h"
#include "http/http_server.h"
#include "metrics/metrics.h"
#include "service/job_service.h"
#include "service/key_ring.h"
#include "service/webhooks.h"
#include "worker/worker_pool.h"

namespace headrace {

// Takes another configuration over into the modules of a running service: all of it, or nothing.
// First everything that can go wrong is done and what differs is found, then the modules are told,
// one after another, which cannot fail. Each of them takes it over by itself, so that for some
// microseconds one may have the new values and another the old ones.
//
// Used by the main thread; Figures is thread-safe.
class Reloader {
 public:
  // The modules that a reload changes. They outlive the reloader.
  struct Modules {
    AsyncLog& log;
    LocalEngine& engine;
    JobService& service;
    WorkerPool& workers;
    Runners& runners;
    const QueueHandlers& handlers;
    KeyRing* keys;  // null: auth.mode is none
    HttpServer& http;
    std::optional<Webhooks>& webhooks;  // none: nobody is told anything
  };

  // `running` and `plan` are what the modules were made with.
  Reloader(Config running, Plan plan, const Modules& modules);

  // Takes over what `load` reads. If it has problems, or differs in a key that needs a restart, or
  // what it names cannot be used, or there is no memory for it, nothing changes. One line in the
  // log tells which, and counts.
  void Reload(const std::function<LoadedConfig()>& load);

  [[nodiscard]] const Config& running() const { return running_; }
  [[nodiscard]] ReloadFigures Figures() const;

 private:
  struct Prepared;

  void Prepare(const LoadedConfig& loaded, Prepared& prepared);
  void PrepareQueues(const LoadedConfig& loaded, Prepared& prepared);
  void PrepareKeys(Prepared& prepared) const;
  void PrepareWebhooks(Prepared& prepared) const;
  void PrepareTls(Prepared& prepared) const;
  void HireWorkers(Prepared& prepared);
  void Commit(Prepared prepared);
  void ShrinkTo(const Plan& plan);
  void Tell(const Prepared& prepared, LogLevel level);

  Config running_;
  Plan plan_;
  const Modules modules_;
  std::atomic<std::uint64_t> applied_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<double> last_success_;
};

}  // namespace headrace
