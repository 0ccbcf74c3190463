#include "config/keys.h"

#include <string>
#include <utility>

#include "config/command_keys.h"
#include "config/engine_keys.h"
#include "config/kept_keys.h"
#include "config/pdf_keys.h"
#include "config/tracing_keys.h"
#include "config/upstream_keys.h"

namespace headrace {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = kKiB * 1024;
constexpr std::uint64_t kGiB = kMiB * 1024;
constexpr std::uint64_t kSecond = 1000;  // ms
constexpr std::uint64_t kHour = 3600 * kSecond;
constexpr Range kTimeout{100, kHour};

void AddServerKeys(KeyList<Config>& keys) {
  keys.Text(
          "server.listen", "address:port", "where jobs are taken; port 0 takes a free one",
          [](auto& c) -> auto& { return c.http.listen; })
      .More("The image sets `0.0.0.0:8080` by environment");
  keys.Number(
      "server.threads", Counts(), {1, 256}, "threads that read requests and write answers",
      [](auto& c) -> auto& { return c.http.threads; });
  keys.Auto(
          "server.slots", Counts(), {1, 1024},
          "jobs that may keep a core busy at once, over all queues; auto: what cores, "
          "CPU quota and memory allow",
          [](auto& c) -> auto& { return c.slots; })
      .More(
          "That is the smallest of the cores that the process may use, the cgroup's CPU quota, and "
          "the executors for which memory suffices");
  keys.Number(
      "server.max_body", Sizes(), {1, 4 * kGiB}, "longest request body; longer: 413",
      [](auto& c) -> auto& { return c.http.max_body; });
  keys.Truth(
          "server.async", "clients may ask not to wait for their jobs (`Prefer`)",
          [](auto& c) -> auto& { return c.http.async; })
      .More(
          "[How](http.md#jobs-that-outlive-their-connection); false: the wish is ignored, as RFC "
          "7240 allows, and every job is answered on its connection");
  keys.Choice(
          "server.priority", Choices<bool>{{"tenant", false}, {"trust", true}},
          "whose `Priority` counts; tenant: among the jobs of one tenant (`auth.mode: keys`); "
          "trust: every client's",
          [](auto& c) -> auto& { return c.trust_priority; })
      .More("[What it does](http.md#keys)");
  keys.Number(
      "server.max_request_line", Sizes(), {256, 64 * kKiB}, "longest request line; longer: 414",
      [](auto& c) -> auto& { return c.http.max_request_line; });
  keys.Number(
      "server.max_header_bytes", Sizes(), {kKiB, kMiB}, "longest request head; longer: 431",
      [](auto& c) -> auto& { return c.http.max_header_bytes; });
  keys.Number(
      "server.max_header_fields", Counts(), {8, 10'000}, "most header fields; more: 431",
      [](auto& c) -> auto& { return c.http.max_header_fields; });
}

void AddClientKeys(KeyList<Config>& keys) {
  keys.Text(
      "server.tls.certificate", "a path, or empty",
      "PEM file of the certificate and its chain: HTTPS, TLS 1.2 and 1.3; empty: HTTP",
      [](auto& c) -> auto& { return c.http.tls_certificate; });
  keys.Text(
      "server.tls.key", "a path, or empty", "PEM file of the certificate's key; both or none",
      [](auto& c) -> auto& { return c.http.tls_key; });
  keys.Text(
      "server.trusted_proxies", "addresses and networks like 10.0.0.0/8, ::1, or empty",
      "whose word about their clients is believed; empty: nobody's",
      [](auto& c) -> auto& { return c.http.trusted_proxies; });
  keys.Choice(
          "server.client_address_header",
          Choices<ClientAddressHeader>{{"x-forwarded-for", ClientAddressHeader::kXForwardedFor},
                                       {"forwarded", ClientAddressHeader::kForwarded}},
          "the header in which those proxies name their client; the other one is not looked at",
          [](auto& c) -> auto& { return c.http.client_address_header; })
      .More(
          "`X-Forwarded-For`, as nginx, HAProxy and ingresses set it, or `Forwarded` (RFC 7239). "
          "Of its addresses the last one counts that is no proxy itself. The other header is not "
          "looked at, because a proxy that does not set it passes on what the client wrote");
  keys.Number(
          "server.max_jobs_per_client", Counts(), {0, 1'000'000},
          "jobs of one client address under way at once; more: 429; 0: no limit",
          [](auto& c) -> auto& { return c.http.max_jobs_per_client; })
      .More(
          "The address is the client's as resolved through trusted proxies. Requests whose proxy "
          "names no client are not limited");
  keys.Number(
          "server.max_connections", Counts(), {1, 1'000'000},
          "connections at once; more are closed as they come",
          [](auto& c) -> auto& { return c.http.max_connections; })
      .More(
          "A line a second says so. Never more than half of the descriptors that the process may "
          "have (`ulimit -n`, raised at the start as far as it goes)");
}

void AddServerTimes(KeyList<Config>& keys) {
  keys.Duration(
      "server.header_timeout", kTimeout,
      "from a request's first byte to the end of its head; longer: 408",
      [](auto& c) -> auto& { return c.http.header_timeout; });
  keys.Duration(
      "server.body_timeout", kTimeout, "the window over which a body's rate is judged",
      [](auto& c) -> auto& { return c.http.body_timeout; });
  keys.Number(
      "server.min_body_rate", Sizes(), {0, kGiB}, "bytes per second over that window; slower: 408",
      [](auto& c) -> auto& { return c.http.min_body_rate; });
  keys.Duration(
      "server.idle_timeout", kTimeout, "a connection without a request is closed after it",
      [](auto& c) -> auto& { return c.http.idle_timeout; });
  keys.Duration(
          "server.write_timeout", kTimeout,
          "the window over which a reading client's rate is judged",
          [](auto& c) -> auto& { return c.http.write_timeout; })
      .More("One that reads nothing is cut");
  keys.Number(
      "server.min_write_rate", Sizes(), {0, kGiB},
      "bytes per second over that window; a client that reads slower is cut",
      [](auto& c) -> auto& { return c.http.min_write_rate; });
}

void AddExecutorKeys(KeyList<Config>& keys) {
  keys.Choice(
          "sandbox",
          Choices<SandboxMode>{{"best-effort", SandboxMode::kBestEffort},
                               {"required", SandboxMode::kRequired}},
          "whether executors may run where this system lacks a part of their sandbox; required: no "
          "start then; best-effort: says so and goes on",
          [](auto& c) -> auto& { return c.sandbox; })
      .More(
          "[What that is](handlers.md#sandbox). best-effort: the start says what is missing, "
          "`headrace_sandbox_layer` shows it. required: the service refuses to start, and "
          "`headrace check` says so; an executor that cannot be confined takes no job");
  keys.Text(
      "executors.dir", "a path, or empty",
      "folder of the executors' binaries; empty: libexec/headrace beside the program",
      [](auto& c) -> auto& { return c.executors_dir; });
}

void AddOtherKeys(KeyList<Config>& keys) {
  keys.Text(
          "management.listen", "address:port",
          "where /metrics, /livez, /readyz, /startupz and /version answer",
          [](auto& c) -> auto& { return c.management.listen; })
      .More("The image sets `0.0.0.0:8081` by environment");
  keys.Auto(
      "memory.budget", Sizes(), {kMiB, 1024 * kGiB},
      "what uploads, payloads and results may hold together; auto: a quarter of the "
      "memory limit",
      [](auto& c) -> auto& { return c.budget; });
  keys.Number(
      "memory.max_result", Sizes(), {kKiB, 4 * kGiB}, "largest result of one job; larger: 502",
      [](auto& c) -> auto& { return c.max_result; });
  keys.Text(
          "memory.spool_dir", "a path, or empty",
          "folder on a disk that takes large results when memory has no room; empty: none",
          [](auto& c) -> auto& { return c.spool_dir; })
      .More(
          "It takes results of 1 MiB and more as soon as results hold half of the budget; files "
          "there have no name and end with the service. Missing, read-only or a tmpfs: results "
          "stay in memory, and the start says so");
  keys.Number(
      "memory.max_spool", Sizes(), {kMiB, 1024 * kGiB}, "most bytes there",
      [](auto& c) -> auto& { return c.max_spool; });
  AddExecutorKeys(keys);
  keys.AddAll(EngineSectionKeys());
  keys.AddAll(TracingKeys());
  keys.Choice(
      "log.level",
      Choices<LogLevel>{{"trace", LogLevel::kTrace},
                        {"debug", LogLevel::kDebug},
                        {"info", LogLevel::kInfo},
                        {"warn", LogLevel::kWarn},
                        {"error", LogLevel::kError}},
      "least important lines that are written to standard error",
      [](auto& c) -> auto& { return c.log.level; });
  keys.Choice(
      "log.format", Choices<LogFormat>{{"text", LogFormat::kText}, {"json", LogFormat::kJson}},
      "how lines look", [](auto& c) -> auto& { return c.log.format; });
  keys.Duration(
      "shutdown.delay", {0, kHour},
      "on SIGTERM: unready, but accepting, for so long; for load balancers that learn late",
      [](auto& c) -> auto& { return c.shutdown.delay; });
  keys.Duration(
      "shutdown.drain", {0, kHour}, "then let jobs end for at most so long; what is left gets 503",
      [](auto& c) -> auto& { return c.shutdown.drain; });
}

std::vector<Key<Config>> MakeProgramKeys() {
  KeyList<Config> keys;
  AddServerKeys(keys);
  AddClientKeys(keys);
  AddServerTimes(keys);
  AddOtherKeys(keys);
  keys.MarkLive({"server.max_body", "server.max_request_line", "server.max_header_bytes",
                 "server.max_header_fields", "server.max_connections", "server.tls.certificate",
                 "server.tls.key", "server.header_timeout", "server.body_timeout",
                 "server.min_body_rate", "server.idle_timeout", "server.write_timeout",
                 "server.min_write_rate", "log.level", "shutdown.delay", "shutdown.drain"});
  return keys.Take();
}

// Absent, it is the default where it applies: a thread has no limit.
Key<QueueConfig> CpuKey() {
  const Range range{kSecond, 24 * kHour};
  return {"isolation.cpu", Describe(Durations(), range) + ", whole seconds",
          "CPU time of a job's process",
          [range](QueueConfig& queue, const std::string& text) {
            auto number = ParseNumber(Durations(), range, text);
            if (!number.problem && number.value % kSecond != 0) {
              number.problem = text + " is not whole seconds";
            }
            if (!number.problem) {
              queue.isolation.cpu = std::chrono::seconds(number.value / kSecond);
            }
            return number.problem;
          },
          [](const QueueConfig& queue) {
            return FormatDuration(queue.isolation.cpu.value_or(kDefaultExecutorCpu));
          }};
}

// Absent, it is the handler's default.
Key<QueueConfig> RecycleKey() {
  const Range range{1, kMostRecycleAfter};
  return {"isolation.recycle_after", Describe(Counts(), range),
          "jobs per process; more than 1 only for input that is trusted",
          [range](QueueConfig& queue, const std::string& text) {
            auto number = ParseNumber(Counts(), range, text);
            if (!number.problem) {
              queue.isolation.recycle_after = static_cast<std::uint32_t>(number.value);
            }
            return number.problem;
          },
          [](const QueueConfig& queue) { return fmt::format("{}", queue.RecycleAfter()); }};
}

void AddIsolationKeys(KeyList<QueueConfig>& keys) {
  keys.Choice(
          "isolation.mode",
          Choices<IsolationMode>{{"process", IsolationMode::kProcess},
                                 {"thread", IsolationMode::kThread}},
          "process: each job in a child process of its own; thread: on the worker, cannot be "
          "killed",
          [](auto& q) -> auto& { return q.isolation.mode; })
      .More(
          "`simulate` runs as thread only, `pdf-to-image`, `ocr` and `command` as process only; "
          "`http` starts no process and takes none of the keys of `isolation`");
  keys.Auto(
          "isolation.memory", Sizes(), {64 * kMiB, 1024 * kGiB},
          "address space of a job's process; auto: an equal share of the memory limit, "
          "256MiB to 1GiB",
          [](auto& q) -> auto& { return q.isolation.memory; })
      .More("With `command` of each of a job's processes");
  keys.Add(CpuKey()).More("With `command` of each of a job's processes");
  keys.Choice(
          "isolation.priority",
          Choices<ExecutorPriority>{{"normal", ExecutorPriority::kNormal},
                                    {"low", ExecutorPriority::kLow},
                                    {"idle", ExecutorPriority::kIdle}},
          "how a job's process shares the cores with the threads that serve requests",
          [](auto& q) -> auto& { return q.isolation.priority; })
      .More(
          "normal: as an equal; low: with a third of their weight and never before them; idle: "
          "with what is left over ([why](adr/0007-workers-and-executors-yield-to-reactors.md))");
  keys.Truth(
          "isolation.parallel",
          "whether one job's pages may be worked on at once, in slots that nobody waits for",
          [](auto& q) -> auto& { return q.isolation.parallel; })
      .More("The pages of one document, [so](handlers.md#pages-in-parallel). Not for `command`");
  keys.Add(RecycleKey())
      .More(
          "[Why](handlers.md#recycling). With `protocol: frames` the default is 1000000; a command "
          "with `protocol: once` takes 1 only");
}

void AddOcrKeys(KeyList<QueueConfig>& keys) {
  keys.List(
          "ocr.languages", "names of traineddata files like eng, deu, chi_sim, osd",
          "what jobs may ask for by `lang`, the first is the default; osd: the data to find out "
          "how a page is turned",
          [](auto& q) -> auto& { return q.ocr.languages; })
      .More(
          "As a list, or with commas between. All are loaded at the start. `osd` is no language "
          "(`psm` 1 and 12 need it)");
  keys.Text(
          "ocr.data_dir", "auto, or a path",
          "folder of those files; auto: where distributions put it",
          [](auto& q) -> auto& { return q.ocr.data_dir; })
      .More("`/usr/share/tesseract-ocr/5/tessdata` and other usual places");
  keys.Number(
      "ocr.max_pixels", Counts(), {10'000, 1'000'000'000}, "largest page that is read; larger: 422",
      [](auto& q) -> auto& { return q.ocr.max_pixels; });
  keys.Number(
      "ocr.max_pages", Counts(), {1, 4096}, "most pages of one job; more: 422",
      [](auto& q) -> auto& { return q.ocr.max_pages; });
}

std::vector<Key<QueueConfig>> MakeQueueKeys() {
  KeyList<QueueConfig> keys;
  keys.Text(
          "handler", "the name of a handler", "what does the jobs; required",
          [](auto& q) -> auto& { return q.handler; })
      .More(
          "`simulate`, `pdf-to-image`, `ocr`, `http`, `command` ([handlers.md](handlers.md)), or "
          "one that is linked in");
  keys.Auto(
          "workers", Counts(), {1, 1024},
          "jobs of this queue that run at once; auto: as many as slots",
          [](auto& q) -> auto& { return q.workers; })
      .More("With `handler: http` the requests that the app gets at once");
  keys.Number(
      "capacity", Counts(), {0, 1'000'000}, "jobs that wait beside them; the next one gets 429",
      [](auto& q) -> auto& { return q.capacity; });
  keys.Duration(
          "deadline", {1, 24 * kHour}, "from the request's first byte to its answer; then 504",
          [](auto& q) -> auto& { return q.deadline; })
      .More("408 while the body is still coming");
  keys.Duration(
      "expected_run", {1, 24 * kHour},
      "how long a job runs, for Retry-After before the first one has ended",
      [](auto& q) -> auto& { return q.expected_run; });
  keys.Text(
      "path", "a path like /put, or empty", "second, short address of the queue; empty: none",
      [](auto& q) -> auto& { return q.path; });
  keys.AddAll(KeptKeys());
  keys.AddAll(UpstreamKeys());
  AddIsolationKeys(keys);
  keys.AddAll(CommandKeys());
  AddOcrKeys(keys);
  AddPdfKeys(keys);
  keys.MarkLive({"workers", "capacity", "deadline", "expected_run"});
  return keys.Take();
}

}  // namespace

const std::vector<Key<Config>>& ProgramKeys() {
  static const std::vector<Key<Config>> kKeys = MakeProgramKeys();
  return kKeys;
}

const std::vector<Key<QueueConfig>>& QueueKeys() {
  static const std::vector<Key<QueueConfig>> kKeys = MakeQueueKeys();
  return kKeys;
}

}  // namespace headrace
