#include "app/app.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "app/engines.h"
#include "app/module_options.h"
#include "base/log.h"
#include "base/units.h"
#include "handler/sandbox/sandbox_layers.h"
#include "http/jobs/job_views.h"
#include "service/key_file.h"
#include "service/webhook_secrets.h"

namespace headrace {
namespace {

using std::chrono::seconds;

constexpr seconds kWarmUp{30};
constexpr Seconds kStuckReactor{30};
// How long answers may take to leave after the last job has ended.
constexpr seconds kLeastDelivery{1};
constexpr seconds kMostDelivery{2};
// How long cancelled jobs may take to end. Executors are killed; a thread must look at its token.
constexpr seconds kCancelled{1};

JobService::Options ServiceOptions(const Config& config, std::vector<ServiceQueue> queues) {
  JobService::Options options;
  options.queues = std::move(queues);
  options.max_body = config.http.max_body;
  options.webhooks = config.webhooks.policy;
  options.trust_priority = config.trust_priority;
  return options;
}

JobService::Options WithParts(JobService::Options options, Ledger& ledger,
                              std::optional<Spool>& spool, const Tracer* tracer) {
  options.ledger = &ledger;
  options.tracer = tracer;
  options.spool = spool ? &*spool : nullptr;
  return options;
}

void TellSandbox() {
  const std::string missing = MissingLayers(ProbeSandbox());
  if (missing.empty()) return;
  LogWarn(
      "sandbox: this system lacks {layers}; executors run without it (sandbox: required refuses "
      "to)",
      {{"layers", missing}});
}

std::optional<Spool> OpenSpool(const Config& config) {
  if (config.spool_dir.empty()) return std::nullopt;
  auto spool = Spool::Open(config.spool_dir, config.max_spool);
  if (spool) return *std::move(spool);
  // A container of this image has none unless somebody mounts one: that is no trouble.
  (config.spool_dir == Config().spool_dir ? LogInfo : LogWarn)(
      "memory.spool_dir '{path}' is of no use, results stay in memory: {detail}",
      {{"path", config.spool_dir}, {"detail", spool.error().hint}});
  return std::nullopt;
}

// Descriptors that parts of results may keep, of those that the process may have: half of them are
// for connections, a quarter is for files of the engine's results.
std::uint64_t DescriptorsForParts() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur / 8 : UINT64_MAX;
}

// What is wrong with a file that was good when the configuration was read: somebody writes it.
std::string Told(const char* key, const std::vector<std::string>& problems) {
  return problems.empty() ? "" : fmt::format("{}: {}", key, fmt::join(problems, "; "));
}

Error CannotStart(std::string why) {
  return Error{ErrorCode::kInvalidArgument, "start", std::move(why), "", 0};
}

// Null: everybody may come in. With a `problem` nobody may.
std::unique_ptr<KeyRing> OpenKeys(const AuthKeys& auth, std::string& problem) {
  if (auth.mode == AuthMode::kNone) return nullptr;
  const KeyFile file = LoadKeyFile(auth.file);
  problem = Told("auth.file", file.problems);
  if (!problem.empty()) return std::make_unique<KeyRing>(std::vector<ApiKey>{});
  for (const std::string& warning : file.warnings)
    LogWarn("configuration: {detail}", {{"detail", warning}});
  LogInfo("{keys} keys open the API", {{"keys", file.keys.size()}});
  return std::make_unique<KeyRing>(file.keys);
}

// The address with the port that a listener on port 0 got.
std::string Bound(const std::string& listen, std::uint16_t port) {
  return fmt::format("{}:{}", listen.substr(0, listen.rfind(':')), port);
}

}  // namespace

App::App(const Config& config, const Plan& plan, const HandlerRegistry& handlers,
         const std::string& executors_dir)
    : config_(config),
      slots_(plan.slots),
      lent_slots_(slots_),
      queue_handlers_(config, handlers),
      ledger_(plan.budget),
      result_files_(config.engine.max_open_results),
      part_descriptors_(DescriptorsForParts()),
      spool_(OpenSpool(config)),
      runners_(
          config, plan, handlers, executors_dir,
          {spawn_queue_, lent_slots_, {&ledger_, spool_ ? &*spool_ : nullptr, &part_descriptors_}}),
      log_(config.log),
      tracing_(config.tracing),
      engine_(MakeEngine(config.engine, EngineQueues(config, plan), {ledger_, result_files_})),
      metrics_(QueueNames(config), *engine_, HEADRACE_VERSION),
      service_(
          WithParts(ServiceOptions(config, ServiceQueues(config, plan, queue_handlers_, runners_)),
                    ledger_, spool_, tracing_.tracer()),
          *engine_, metrics_),
      workers_(
          WorkerQueues(config, plan, runners_), *engine_, slots_, metrics_,
          {[this](const QueuedJob& job) { service_.OnStarted(job); },
           [this](const JobPtr& job, Outcome outcome) { service_.OnRan(job, std::move(outcome)); },
           tracing_.tracer()}),
      keys_(OpenKeys(config.auth, keys_problem_)),
      http_(config.http, service_, metrics_, keys_.get()),
      management_(config.management, metrics_, health_),
      reloader_(config, plan,
                {log_, *engine_, service_, workers_, runners_, queue_handlers_, keys_.get(), http_,
                 webhooks_}),
      drained_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  ConnectMetrics();
  if (tracing_.tracer() != nullptr) http_.TraceTo(*tracing_.tracer());
  AddHealthChecks();
  LogInfo(
      "headrace {version}: {slots} slots ({slots_reason}); memory limit {memory_limit}, budget "
      "{memory_budget}",
      {{"version", HEADRACE_VERSION},
       {"slots", plan.slots},
       {"slots_reason", plan.slots_reason},
       {"memory_limit", FormatSize(plan.memory_limit >> 20U << 20U)},
       {"memory_budget", FormatSize(plan.budget)}});
  TellSandbox();
}

App::~App() { Finish(); }

void App::ConnectMetrics() {
  MetricSources sources;
  sources.workers = [this](QueueIndex queue) { return workers_.Figures(queue); };
  sources.slots = [this] { return slots_.Figures(); };
  sources.drain_rate = [this](QueueIndex queue) { return service_.DrainRate(queue); };
  sources.executors = [this](QueueIndex queue) {
    const ExecutorPool* pool = runners_.ExecutorsOf(queue);
    return pool == nullptr ? ExecutorFigures{} : pool->Figures();
  };
  sources.executors_up = [this](QueueIndex queue) {
    const ExecutorPool* pool = runners_.ExecutorsOf(queue);
    return pool == nullptr || pool->Healthy();
  };
  sources.deadline = [this](QueueIndex queue) { return service_.queues().at(queue).deadline; };
  sources.ready = [this] { return health_.Ready().ok; };
  sources.log_dropped = [this] { return log_.Dropped(); };
  sources.ledger = &ledger_;
  sources.armed_deadlines = [this] { return service_.ArmedDeadlines(); };
  sources.spool = [this] {
    return spool_ ? SpoolFigures{spool_->Used(), spool_->Limit(), spool_->Errors()}
                  : SpoolFigures{};
  };
  sources.webhooks = [this] {
    const Webhooks* const made = webhooks_made_.load();
    return made == nullptr ? WebhookFigures{} : made->Figures();
  };
  sources.reloads = [this] { return reloader_.Figures(); };
  sources.certificate_end = [this]() -> std::optional<double> {
    const auto tls = http_.Tls();
    if (!tls) return std::nullopt;
    return Seconds(tls->not_after().time_since_epoch()).count();
  };
  sources.traces = [this] { return tracing_.Figures(); };
  sources.sandbox = ProbeSandbox();
  metrics_.Connect(std::move(sources));
}

void App::AddHealthChecks() {
  health_.AddReadiness([this] { return runners_.AllBroken(); });
  health_.AddReadiness([this] { return engine_->Healthy(); });
  health_.AddLiveness([this] {
    const Seconds since = http_.SinceSlowestTurn();
    return since > kStuckReactor
               ? fmt::format("a reactor has not turned for {:.0f} s", since.count())
               : std::string();
  });
}

// What an earlier process has left is there before the first request.
Status App::StartEngine() {
  // First the webhooks: some jobs may end while the engine starts.
  const bool kept = config_.engine.kind != EngineKind::kMemory;
  if (kept || !config_.webhooks.policy.allow_hosts.empty()) {
    if (auto made = MakeWebhooks(); !made) return made;
  }
  auto pending = engine_->Start();
  if (!pending) return std::move(pending).error();
  if (webhooks_) webhooks_->Resume(*pending);
  std::uint64_t recovered = 0;
  for (QueueIndex i = 0; i < config_.queues.size(); ++i) recovered += engine_->Figures(i).recovered;
  if (recovered != 0) LogInfo("{jobs} jobs that were accepted before go on", {{"jobs", recovered}});
  return Ok();
}

Status App::MakeWebhooks() {
  WebhookOptions options;
  options.policy = config_.webhooks.policy;
  if (!config_.webhooks.secrets_file.empty()) {
    WebhookSecrets secrets = LoadWebhookSecrets(config_.webhooks.secrets_file);
    std::string problem = Told("webhooks.secrets_file", secrets.problems);
    if (!problem.empty()) return CannotStart(std::move(problem));
    for (const std::string& warning : secrets.warnings)
      LogWarn("configuration: {detail}", {{"detail", warning}});
    options.keys = std::move(secrets.keys);
  }
  WebhookSeams seams;
  seams.load = [this](const std::string& id, const PartBytes& bytes, WebhookSeams::Found found) {
    engine_->store().Load(id, bytes, std::move(found));
  };
  seams.set_delivery = [this](const std::string& id, const std::optional<PendingDelivery>& next) {
    engine_->store().SetDelivery(id, next, [](const Status&) {});  // the engine's health tells
  };
  seams.status = [this](const JobRecord& record) {
    JobStatus status;
    status.record = record;
    return JobMembers(status, service_);
  };
  webhooks_.emplace(std::move(options), std::move(seams));
  webhooks_made_.store(&*webhooks_);
  engine_->OnDelivery([this](const std::string& id) { webhooks_->Deliver(id); });
  return Ok();
}

Expected<bool> App::Start(const StopSignals& stop) {
  if (!drained_) return Error{ErrorCode::kUnavailable, "start", "no descriptor is left", "", 0};
  if (!keys_problem_.empty()) return CannotStart(keys_problem_);
  if (auto managing = management_.Start(); !managing) return managing.error();
  if (auto recovered = StartEngine(); !recovered) return recovered.error();
  const bool warm = spawn_queue_.RunUntilSettled(Deadline::After(kWarmUp), stop.fd());
  if (stop.Pending()) return false;
  if (!warm) {
    LogWarn("executors are not warm after {after_seconds} s; jobs for them wait",
            {{"after_seconds", kWarmUp.count()}});
  }
  workers_.Start();
  if (auto serving = http_.Start(); !serving) return serving.error();
  runners_.Open();
  health_.SetStarted();
  LogInfo("listening on {listen} (jobs) and {management_listen} (management)",
          {{"listen", Bound(config_.http.listen, http_.port())},
           {"management_listen", Bound(config_.management.listen, management_.port())}});
  return true;
}

void App::AnnounceStop() {
  health_.SetDraining();
  http_.AnnounceClose();
}

void App::StopAccepting(Deadline deadline) {
  if (drainer_.joinable()) return;
  drain_until_ = deadline;
  service_.StopAdmitting();
  http_.StopAccepting();
  engine_->Close();
  drainer_ = std::thread([this, deadline] {
    if (!workers_.WaitDrained(deadline)) LogWarn("the drain's time is over");
    const std::uint64_t one = 1;
    // Cannot fail: the counter is far from its limit.
    [[maybe_unused]] const auto written = ::write(drained_.get(), &one, sizeof one);
  });
}

std::size_t App::Finish() {
  AnnounceStop();
  StopAccepting(Deadline::After(seconds(0)));
  if (drainer_.joinable()) drainer_.join();
  const std::size_t cut = service_.CancelAll();
  if (!workers_.WaitDrained(Deadline::After(kCancelled))) {
    LogWarn("waiting for jobs that do not look whether they are cancelled");
  }
  workers_.Join();
  const auto least = Deadline::After(kLeastDelivery);
  const auto most = Deadline::After(kMostDelivery);
  if (!http_.WaitIdle(std::clamp(drain_until_, least, most))) {
    LogWarn("some clients did not read their answers in time");
  }
  http_.Stop();
  service_.Stop();
  engine_->OnDelivery(nullptr);
  if (webhooks_) webhooks_->Stop();
  tracing_.Stop(drain_until_);
  management_.Stop();  // its probes ask the engine
  engine_->Stop();
  return cut;
}

}  // namespace headrace
