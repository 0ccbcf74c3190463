#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "app/logging.h"
#include "app/plan.h"
#include "app/queue_handlers.h"
#include "app/reloader.h"
#include "app/runners.h"
#include "app/stop_signals.h"
#include "app/tracing.h"
#include "base/fd.h"
#include "base/ledger.h"
#include "base/spool.h"
#include "config/config.h"
#include "engine/local/local_engine.h"
#include "handler/pool/spawn_queue.h"
#include "handler/registry.h"
#include "http/http_server.h"
#include "http/management_server.h"
#include "metrics/metrics.h"
#include "service/health.h"
#include "service/job_service.h"
#include "service/key_ring.h"
#include "service/webhooks.h"
#include "worker/slots.h"
#include "worker/worker_pool.h"

namespace headrace {

// The whole service. The constructor builds the parts in dependency order, the members' order is
// their life's. Zygotes are spawned by the constructor, before the first thread; made, used and
// destroyed by the main thread, which keeps calling RunSpawns() whenever SpawnFd() is readable.
class App {
 public:
  // `handlers` outlives the app; `executors_dir` is where the executors' binaries lie.
  App(const Config& config, const Plan& plan, const HandlerRegistry& handlers,
      const std::string& executors_dir);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Opens the management listener, waits for the zygotes, opens the listener for jobs. False: it
  // did not come to the last, for it is to stop. Then, and on failure, Finish is what is left.
  Expected<bool> Start(const StopSignals& stop);

  [[nodiscard]] int SpawnFd() const { return spawn_queue_.PollFd(); }
  void RunSpawns() { spawn_queue_.RunPending(); }

  // Threads of workers that have left are to be joined when this is readable.
  [[nodiscard]] int LeftFd() const { return workers_.LeftFd(); }
  void ReapWorkers() { workers_.Reap(); }

  // SIGHUP, after Start; see Reloader. Both on the main thread.
  void Reload(const std::function<LoadedConfig()>& load) { reloader_.Reload(load); }
  [[nodiscard]] const ShutdownOptions& shutdown() const { return reloader_.running().shutdown; }
  [[nodiscard]] const LogOptions& log() const { return reloader_.running().log; }

  // The stop, in this order. First: not ready any more, answers end their connections.
  void AnnounceStop();
  // Then: no new jobs; what is there may end until `deadline`. Does not wait: DrainedFd() becomes
  // readable when all jobs have ended or the deadline has passed.
  void StopAccepting(Deadline deadline);
  [[nodiscard]] int DrainedFd() const { return drained_.get(); }
  // Last: cancels what is left (503), delivers, ends reactors, workers and the management listener.
  // Returns how many jobs were cut.
  std::size_t Finish();

  [[nodiscard]] std::size_t UnfinishedJobs() const { return engine_->Unfinished().size(); }

 private:
  Status StartEngine();
  Status MakeWebhooks();
  void ConnectMetrics();
  void AddHealthChecks();

  const Config config_;  // of the start; what runs is the reloader's to tell
  SpawnQueue spawn_queue_;
  SlotPool slots_;
  LentSlots lent_slots_;
  const QueueHandlers queue_handlers_;
  Ledger ledger_;
  Ledger result_files_;      // counts files, not bytes
  Ledger part_descriptors_;  // likewise
  std::optional<Spool> spool_;
  Runners runners_;  // spawns the zygotes
  AsyncLog log_;     // the first thread
  Tracing tracing_;  // outlives all that records
  std::unique_ptr<LocalEngine> engine_;
  Metrics metrics_;
  JobService service_;
  WorkerPool workers_;  // its workers call the service
  std::optional<Webhooks> webhooks_;
  std::atomic<const Webhooks*> webhooks_made_{nullptr};  // for scrapes, which come before them
  Health health_;
  std::string keys_problem_;  // of the file of keys; Start fails with it
  const std::unique_ptr<KeyRing> keys_;
  HttpServer http_;
  ManagementServer management_;
  Reloader reloader_;

  UniqueFd drained_;
  Deadline drain_until_ = Deadline::Never();
  std::thread drainer_;  // last: waits for the workers
};

}  // namespace headrace
