#include "metrics/families.h"

#include <utility>

#include "metrics/process_figures.h"

namespace headrace {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<std::pair<const char*, std::string>>;

class Family {
 public:
  Family(const char* name, const char* help, MetricType type) : type_(type) {
    family_.name = name;
    family_.help = help;
    family_.type = type;
  }

  void Add(double value, const Labels& labels = {}) {
    ClientMetric metric;
    for (const auto& [name, text] : labels) metric.label.push_back({name, text});
    if (type_ == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    family_.metric.push_back(std::move(metric));
  }

  MetricFamily Take() { return std::move(family_); }

 private:
  MetricType type_;
  MetricFamily family_;
};

class Collector {
 public:
  explicit Collector(const FamilyInputs& in) : in_(in) {}

  std::vector<MetricFamily> Collect() {
    Queues();
    Times();
    Jobs();
    Workers();
    Executors();
    Sandbox();
    EngineHealth();
    Service();
    Webhooks();
    Configuration();
    Traces();
    Process();
    return std::move(families_);
  }

 private:
  // One value per queue.
  template <class Value>
  void PerQueue(const char* name, const char* help, MetricType type, Value value) {
    Family family(name, help, type);
    for (std::size_t i = 0; i < in_.queues.size(); ++i) {
      family.Add(static_cast<double>(value(i)), {{"queue", in_.queues[i]}});
    }
    families_.push_back(family.Take());
  }

  void One(const char* name, const char* help, MetricType type, double value) {
    Family family(name, help, type);
    family.Add(value);
    families_.push_back(family.Take());
  }

  void Queues() {
    const auto& figures = in_.figures;
    PerQueue("headrace_queue_length", "Jobs that wait.", MetricType::Gauge,
             [&](std::size_t i) { return figures[i].waiting; });
    PerQueue("headrace_queue_capacity", "Jobs that may wait before the next is refused.",
             MetricType::Gauge, [&](std::size_t i) { return figures[i].capacity; });
    PerQueue("headrace_queue_bytes", "Payload bytes of the jobs that wait.", MetricType::Gauge,
             [&](std::size_t i) { return figures[i].waiting_bytes; });
    PerQueue("headrace_queue_oldest_age_seconds", "Age of the job that has waited longest.",
             MetricType::Gauge, [&](std::size_t i) { return figures[i].oldest_age.count(); });
    PerQueue("headrace_queue_deadline_seconds", "Most time from a request to its answer.",
             MetricType::Gauge, [&](std::size_t i) {
               return in_.sources.deadline ? in_.sources.deadline(i).count() : 0;
             });
    PerQueue("headrace_queue_drain_jobs_per_second",
             "Jobs finished per second while the queue was not empty.", MetricType::Gauge,
             [&](std::size_t i) { return in_.sources.drain_rate ? in_.sources.drain_rate(i) : 0; });
  }

  void Times() {
    Family last("headrace_job_last_duration_seconds", "Durations of the last job that ran.",
                MetricType::Gauge);
    for (std::size_t i = 0; i < in_.queues.size(); ++i) {
      last.Add(in_.times[i].last_wait, {{"queue", in_.queues[i]}, {"phase", "wait"}});
      last.Add(in_.times[i].last_run, {{"queue", in_.queues[i]}, {"phase", "run"}});
    }
    families_.push_back(last.Take());
    PerQueue("headrace_job_mean_duration_seconds", "Mean run time of all jobs that ran.",
             MetricType::Gauge, [&](std::size_t i) {
               const auto runs = static_cast<double>(in_.times[i].runs);
               return runs > 0 ? static_cast<double>(in_.times[i].run_nanoseconds) / 1e9 / runs : 0;
             });
    PerQueue(
        "headrace_job_cpu_seconds_total", "CPU time spent by jobs.", MetricType::Counter,
        [&](std::size_t i) { return static_cast<double>(in_.times[i].cpu_nanoseconds) / 1e9; });
  }

  void Jobs() {
    const auto& figures = in_.figures;
    PerQueue("headrace_jobs_accepted_total", "Jobs that were let in.", MetricType::Counter,
             [&](std::size_t i) { return figures[i].accepted; });
    PerQueue("headrace_jobs_recovered_total", "Jobs found unfinished at start.",
             MetricType::Counter, [&](std::size_t i) { return figures[i].recovered; });
    PerQueue("headrace_jobs_running", "Jobs that run.", MetricType::Gauge,
             [&](std::size_t i) { return figures[i].running; });
    Family finished("headrace_jobs_finished_total", "Jobs that have ended.", MetricType::Counter);
    for (std::size_t i = 0; i < in_.queues.size(); ++i) {
      const auto add = [&](const char* outcome, std::uint64_t count) {
        finished.Add(static_cast<double>(count), {{"queue", in_.queues[i]}, {"outcome", outcome}});
      };
      add("succeeded", figures[i].succeeded);
      add("failed", figures[i].failed);
      add("cancelled", figures[i].cancelled);
      add("expired", figures[i].expired);
    }
    families_.push_back(finished.Take());
  }

  void Workers() {
    Family workers("headrace_workers", "Worker threads by what they do.", MetricType::Gauge);
    for (std::size_t i = 0; i < in_.queues.size(); ++i) {
      const auto now = in_.sources.workers ? in_.sources.workers(i) : WorkerFigures{};
      const auto add = [&](const char* state, std::size_t count) {
        workers.Add(static_cast<double>(count), {{"queue", in_.queues[i]}, {"state", state}});
      };
      add("idle", now.idle);
      add("waiting", now.queued);
      add("busy", now.busy);
      add("overdue", now.overdue);
    }
    families_.push_back(workers.Take());
    const auto now = in_.sources.slots ? in_.sources.slots() : SlotFigures{};
    Family slots("headrace_slots", "Rights to keep a core busy.", MetricType::Gauge);
    slots.Add(static_cast<double>(now.busy), {{"state", "busy"}});
    slots.Add(static_cast<double>(now.free), {{"state", "free"}});
    families_.push_back(slots.Take());
  }

  void Executors() {
    Family deaths("headrace_executor_deaths_total", "Executors that ended before their time.",
                  MetricType::Counter);
    std::vector<std::uint64_t> started;
    for (std::size_t i = 0; i < in_.queues.size(); ++i) {
      const auto now = in_.sources.executors ? in_.sources.executors(i) : ExecutorFigures{};
      started.push_back(now.started);
      for (std::size_t reason = 0; reason < kExecutorDeaths; ++reason) {
        deaths.Add(static_cast<double>(now.deaths[reason]),
                   {{"queue", in_.queues[i]}, {"reason", kExecutorDeathNames[reason]}});
      }
    }
    PerQueue("headrace_executors_started_total", "Executors that were forked.", MetricType::Counter,
             [&](std::size_t i) { return started[i]; });
    families_.push_back(deaths.Take());
    PerQueue("headrace_executors_up", "Whether executors can be started; 1 where none are needed.",
             MetricType::Gauge, [&](std::size_t i) {
               return !in_.sources.executors_up || in_.sources.executors_up(i) ? 1 : 0;
             });
  }

  void Sandbox() {
    Family layers("headrace_sandbox_layer", "Parts of the executors' sandbox that are there.",
                  MetricType::Gauge);
    for (std::size_t i = 0; i < kSandboxLayers; ++i) {
      layers.Add(in_.sources.sandbox.at(i) ? 1 : 0, {{"layer", kSandboxLayerNames.at(i)}});
    }
    families_.push_back(layers.Take());
  }

  void EngineHealth() {
    One("headrace_engine_up", "Whether the engine can keep jobs.", MetricType::Gauge,
        in_.engine.Healthy().empty() ? 1 : 0);
    One("headrace_engine_errors_total", "Writes of kept jobs that failed.", MetricType::Counter,
        static_cast<double>(in_.engine.Errors()));
  }

  void Service() {
    One("headrace_ready", "Whether /readyz says 200.", MetricType::Gauge,
        in_.sources.ready && in_.sources.ready() ? 1 : 0);
    Memory();
    One("headrace_deadlines_armed", "Timers that watch over jobs' deadlines.", MetricType::Gauge,
        in_.sources.armed_deadlines ? static_cast<double>(in_.sources.armed_deadlines()) : 0);
    One("headrace_log_dropped_total", "Log lines that were lost because the log was too slow.",
        MetricType::Counter,
        in_.sources.log_dropped ? static_cast<double>(in_.sources.log_dropped()) : 0);
    Family build("headrace_build_info", "The build that runs; always 1.", MetricType::Gauge);
    build.Add(1, {{"version", in_.version}});
    families_.push_back(build.Take());
  }

  void Memory() {
    Family memory("headrace_memory_bytes", "Bytes in the ledger.", MetricType::Gauge);
    const Ledger* const ledger = in_.sources.ledger;
    const auto add = [&](const char* use, MemoryUse which) {
      memory.Add(ledger != nullptr ? static_cast<double>(ledger->Used(which)) : 0, {{"use", use}});
    };
    add("uploads", MemoryUse::kUploads);
    add("payloads", MemoryUse::kPayloads);
    add("results", MemoryUse::kResults);
    families_.push_back(memory.Take());
    One("headrace_memory_budget_bytes", "Most bytes that the ledger may hold.", MetricType::Gauge,
        ledger != nullptr ? static_cast<double>(ledger->budget()) : 0);
    const SpoolFigures spool = in_.sources.spool ? in_.sources.spool() : SpoolFigures{};
    One("headrace_spool_bytes", "Bytes of results on the disk.", MetricType::Gauge,
        static_cast<double>(spool.used));
    One("headrace_spool_limit_bytes", "Most bytes of results on the disk; 0 without a spool.",
        MetricType::Gauge, static_cast<double>(spool.limit));
    One("headrace_spool_errors_total", "Results that could not be put on the disk.",
        MetricType::Counter, static_cast<double>(spool.errors));
  }

  void Traces() {
    const TraceFigures now = in_.sources.traces ? in_.sources.traces() : TraceFigures{};
    Family spans("headrace_trace_spans_total", "Spans by what became of them.",
                 MetricType::Counter);
    spans.Add(static_cast<double>(now.exported), {{"outcome", "exported"}});
    spans.Add(static_cast<double>(now.dropped), {{"outcome", "dropped"}});
    spans.Add(static_cast<double>(now.failed), {{"outcome", "failed"}});
    families_.push_back(spans.Take());
  }

  void Webhooks() {
    const WebhookFigures now = in_.sources.webhooks ? in_.sources.webhooks() : WebhookFigures{};
    Family ended("headrace_webhooks_total", "Webhooks that were told, or never will be.",
                 MetricType::Counter);
    ended.Add(static_cast<double>(now.sent), {{"outcome", "sent"}});
    ended.Add(static_cast<double>(now.given_up), {{"outcome", "given_up"}});
    families_.push_back(ended.Take());
    One("headrace_webhook_failures_total", "Attempts to tell a webhook that failed.",
        MetricType::Counter, static_cast<double>(now.failed));
    One("headrace_webhooks_pending", "Webhooks that are still to be told.", MetricType::Gauge,
        static_cast<double>(now.pending));
    One("headrace_webhooks_in_flight", "Requests to webhooks that are under way.",
        MetricType::Gauge, static_cast<double>(now.in_flight));
  }

  void Configuration() {
    const ReloadFigures now = in_.sources.reloads ? in_.sources.reloads() : ReloadFigures{};
    Family reloads("headrace_config_reloads_total", "Times that SIGHUP had the configuration read.",
                   MetricType::Counter);
    reloads.Add(static_cast<double>(now.applied), {{"outcome", "applied"}});
    reloads.Add(static_cast<double>(now.refused), {{"outcome", "refused"}});
    families_.push_back(reloads.Take());
    One("headrace_config_last_reload_success_timestamp_seconds",
        "When the configuration that runs was read, since the epoch.", MetricType::Gauge,
        now.last_success);
    const auto end = in_.sources.certificate_end ? in_.sources.certificate_end() : std::nullopt;
    if (!end) return;
    One("headrace_tls_certificate_not_after_seconds",
        "When the certificate that is served ends, since the epoch.", MetricType::Gauge, *end);
  }

  void Process() {
    const ProcessFigures now = ReadProcessFigures();
    One("process_cpu_seconds_total", "CPU time of the service itself, without its executors.",
        MetricType::Counter, now.cpu_seconds);
    One("process_start_time_seconds", "Start time since the epoch.", MetricType::Gauge,
        now.start_time_seconds);
    One("process_resident_memory_bytes", "Resident memory.", MetricType::Gauge,
        static_cast<double>(now.resident_bytes));
    One("process_virtual_memory_bytes", "Virtual memory.", MetricType::Gauge,
        static_cast<double>(now.virtual_bytes));
    One("process_open_fds", "Open file descriptors.", MetricType::Gauge,
        static_cast<double>(now.open_fds));
    One("process_max_fds", "Most file descriptors that may be open.", MetricType::Gauge,
        static_cast<double>(now.max_fds));
  }

  const FamilyInputs& in_;
  std::vector<MetricFamily> families_;
};

}  // namespace

std::vector<MetricFamily> CollectFamilies(const FamilyInputs& in) {
  return Collector(in).Collect();
}

}  // namespace headrace
