#include "config/keys.h"

#include <string>
#include <utility>

#include "config/command_keys.h"
#include "config/engine_keys.h"
#include "config/kept_keys.h"
#include "config/pdf_keys.h"
#include "config/upstream_keys.h"

namespace headrace {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kMiB = kKiB * 1024;
constexpr std::uint64_t kGiB = kMiB * 1024;
constexpr std::uint64_t kSecond = 1000;  // ms
constexpr std::uint64_t kHour = 3600 * kSecond;
constexpr Range kTimeout{100, kHour};

template <class Access>
Field<Config, Access> Of(const char* path, Access access, const char* help) {
  return {path, access, help};
}

template <class Access>
Field<QueueConfig, Access> OfQueue(const char* path, Access access, const char* help) {
  return {path, access, help};
}

void AddServerKeys(std::vector<Key<Config>>& keys) {
  keys.push_back(TextKey(Of(
                             "server.listen", [](auto& c) -> auto& { return c.http.listen; },
                             "where jobs are taken; port 0 takes a free one"),
                         "address:port"));
  keys.push_back(NumberKey(Of(
                               "server.threads", [](auto& c) -> auto& { return c.http.threads; },
                               "threads that read requests and write answers"),
                           Counts(), {1, 256}));
  keys.push_back(
      AutoKey(Of(
                  "server.slots", [](auto& c) -> auto& { return c.slots; },
                  "jobs that may keep a core busy at once, over all queues; auto: what cores, "
                  "CPU quota and memory allow"),
              Counts(), {1, 1024}));
  keys.push_back(NumberKey(Of(
                               "server.max_body", [](auto& c) -> auto& { return c.http.max_body; },
                               "longest request body; longer: 413"),
                           Sizes(), {1, 4 * kGiB}));
  keys.push_back(ChoiceKey(Of(
                               "server.async", [](auto& c) -> auto& { return c.http.async; },
                               "clients may ask not to wait for their jobs (Prefer)"),
                           Choices<bool>{{"true", true}, {"false", false}}));
  keys.push_back(ChoiceKey(Of(
                               "server.priority", [](auto& c) -> auto& { return c.trust_priority; },
                               "whose Priority counts: tenant: among the jobs of one tenant "
                               "(auth.mode: keys); trust: every client's"),
                           Choices<bool>{{"tenant", false}, {"trust", true}}));
  keys.push_back(NumberKey(
      Of(
          "server.max_request_line", [](auto& c) -> auto& { return c.http.max_request_line; },
          "longest request line; longer: 414"),
      Sizes(), {256, 64 * kKiB}));
  keys.push_back(NumberKey(
      Of(
          "server.max_header_bytes", [](auto& c) -> auto& { return c.http.max_header_bytes; },
          "longest request head; longer: 431"),
      Sizes(), {kKiB, kMiB}));
  keys.push_back(NumberKey(
      Of(
          "server.max_header_fields", [](auto& c) -> auto& { return c.http.max_header_fields; },
          "most header fields; more: 431"),
      Counts(), {8, 10'000}));
}

void AddClientKeys(std::vector<Key<Config>>& keys) {
  keys.push_back(
      TextKey(Of(
                  "server.tls.certificate", [](auto& c) -> auto& { return c.http.tls_certificate; },
                  "PEM file of the certificate and its chain: HTTPS, TLS 1.2 and 1.3; empty: HTTP"),
              "a path, or empty"));
  keys.push_back(TextKey(Of(
                             "server.tls.key", [](auto& c) -> auto& { return c.http.tls_key; },
                             "PEM file of the certificate's key"),
                         "a path, or empty"));
  keys.push_back(
      TextKey(Of(
                  "server.trusted_proxies", [](auto& c) -> auto& { return c.http.trusted_proxies; },
                  "whose word about their clients is believed; empty: nobody's"),
              "addresses and networks like 10.0.0.0/8, ::1"));
  keys.push_back(ChoiceKey(
      Of(
          "server.client_address_header",
          [](auto& c) -> auto& { return c.http.client_address_header; },
          "the header in which they name them; the other one is not looked at"),
      Choices<ClientAddressHeader>{{"x-forwarded-for", ClientAddressHeader::kXForwardedFor},
                                   {"forwarded", ClientAddressHeader::kForwarded}}));
  keys.push_back(NumberKey(
      Of(
          "server.max_jobs_per_client", [](auto& c) -> auto& { return c.http.max_jobs_per_client; },
          "jobs of one client address under way at once; more: 429; 0: no limit"),
      Counts(), {0, 1'000'000}));
  keys.push_back(NumberKey(
      Of(
          "server.max_connections", [](auto& c) -> auto& { return c.http.max_connections; },
          "connections at once; more are closed as they come"),
      Counts(), {1, 1'000'000}));
}

void AddServerTimes(std::vector<Key<Config>>& keys) {
  keys.push_back(DurationKey(
      Of(
          "server.header_timeout", [](auto& c) -> auto& { return c.http.header_timeout; },
          "from a request's first byte to the end of its head; longer: 408"),
      kTimeout));
  keys.push_back(
      DurationKey(Of(
                      "server.body_timeout", [](auto& c) -> auto& { return c.http.body_timeout; },
                      "the window over which a body's rate is judged"),
                  kTimeout));
  keys.push_back(
      NumberKey(Of(
                    "server.min_body_rate", [](auto& c) -> auto& { return c.http.min_body_rate; },
                    "bytes per second over that window; slower: 408"),
                Sizes(), {0, kGiB}));
  keys.push_back(
      DurationKey(Of(
                      "server.idle_timeout", [](auto& c) -> auto& { return c.http.idle_timeout; },
                      "a connection without a request is closed after it"),
                  kTimeout));
  keys.push_back(
      DurationKey(Of(
                      "server.write_timeout", [](auto& c) -> auto& { return c.http.write_timeout; },
                      "the window over which a reading client's rate is judged"),
                  kTimeout));
  keys.push_back(
      NumberKey(Of(
                    "server.min_write_rate", [](auto& c) -> auto& { return c.http.min_write_rate; },
                    "bytes per second over that window; a client that reads slower is cut"),
                Sizes(), {0, kGiB}));
}

void AddExecutorKeys(std::vector<Key<Config>>& keys) {
  keys.push_back(
      ChoiceKey(Of(
                    "sandbox", [](auto& c) -> auto& { return c.sandbox; },
                    "whether executors may run where a part of their sandbox is missing"),
                Choices<SandboxMode>{{"best-effort", SandboxMode::kBestEffort},
                                     {"required", SandboxMode::kRequired}}));
  keys.push_back(
      TextKey(Of(
                  "executors.dir", [](auto& c) -> auto& { return c.executors_dir; },
                  "folder of the executors' binaries; empty: libexec/headrace beside the program"),
              "a path, or empty"));
}

void AddOtherKeys(std::vector<Key<Config>>& keys) {
  keys.push_back(
      TextKey(Of(
                  "management.listen", [](auto& c) -> auto& { return c.management.listen; },
                  "where /metrics, /livez, /readyz, /startupz and /version answer"),
              "address:port"));
  keys.push_back(
      AutoKey(Of(
                  "memory.budget", [](auto& c) -> auto& { return c.budget; },
                  "what uploads, payloads and results may hold together; auto: a quarter of the "
                  "memory limit"),
              Sizes(), {kMiB, 1024 * kGiB}));
  keys.push_back(NumberKey(Of(
                               "memory.max_result", [](auto& c) -> auto& { return c.max_result; },
                               "largest result of one job; larger: 502"),
                           Sizes(), {kKiB, 4 * kGiB}));
  keys.push_back(
      TextKey(Of(
                  "memory.spool_dir", [](auto& c) -> auto& { return c.spool_dir; },
                  "folder on a disk that takes large results when memory has no room; empty: none"),
              "a path, or empty"));
  keys.push_back(NumberKey(
      Of(
          "memory.max_spool", [](auto& c) -> auto& { return c.max_spool; }, "most bytes there"),
      Sizes(), {kMiB, 1024 * kGiB}));
  AddExecutorKeys(keys);
  keys.insert(keys.end(), EngineSectionKeys().begin(), EngineSectionKeys().end());
  keys.push_back(ChoiceKey(Of(
                               "log.level", [](auto& c) -> auto& { return c.log.level; },
                               "least important lines that are written to stderr"),
                           Choices<LogLevel>{{"trace", LogLevel::kTrace},
                                             {"debug", LogLevel::kDebug},
                                             {"info", LogLevel::kInfo},
                                             {"warn", LogLevel::kWarn},
                                             {"error", LogLevel::kError}}));
  keys.push_back(
      ChoiceKey(Of(
                    "log.format", [](auto& c) -> auto& { return c.log.format; }, "how lines look"),
                Choices<LogFormat>{{"text", LogFormat::kText}, {"json", LogFormat::kJson}}));
  keys.push_back(
      DurationKey(Of(
                      "shutdown.delay", [](auto& c) -> auto& { return c.shutdown.delay; },
                      "SIGTERM: go on accepting so long, unready; for load balancers that "
                      "learn late"),
                  {0, kHour}));
  keys.push_back(
      DurationKey(Of(
                      "shutdown.drain", [](auto& c) -> auto& { return c.shutdown.drain; },
                      "then let jobs end for at most so long; what is left gets 503"),
                  {0, kHour}));
}

std::vector<Key<Config>> MakeProgramKeys() {
  std::vector<Key<Config>> keys;
  AddServerKeys(keys);
  AddClientKeys(keys);
  AddServerTimes(keys);
  AddOtherKeys(keys);
  return keys;
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

void AddIsolationKeys(std::vector<Key<QueueConfig>>& keys) {
  keys.push_back(ChoiceKey(
      OfQueue(
          "isolation.mode", [](auto& q) -> auto& { return q.isolation.mode; },
          "process: each job in a child of its own; thread: on the worker, cannot be killed"),
      Choices<IsolationMode>{{"process", IsolationMode::kProcess},
                             {"thread", IsolationMode::kThread}}));
  keys.push_back(
      AutoKey(OfQueue(
                  "isolation.memory", [](auto& q) -> auto& { return q.isolation.memory; },
                  "address space of a job's process; auto: an equal share of the memory limit, "
                  "256MiB to 1GiB"),
              Sizes(), {64 * kMiB, 1024 * kGiB}));
  keys.push_back(CpuKey());
  keys.push_back(
      ChoiceKey(OfQueue(
                    "isolation.priority", [](auto& q) -> auto& { return q.isolation.priority; },
                    "how a job's process shares the cores with the threads that serve requests"),
                Choices<ExecutorPriority>{{"normal", ExecutorPriority::kNormal},
                                          {"low", ExecutorPriority::kLow},
                                          {"idle", ExecutorPriority::kIdle}}));
  keys.push_back(ChoiceKey(
      OfQueue(
          "isolation.parallel", [](auto& q) -> auto& { return q.isolation.parallel; },
          "whether one job's pages may be worked on at once, in slots that nobody waits for"),
      Choices<bool>{{"true", true}, {"false", false}}));
  keys.push_back(RecycleKey());
}

void AddOcrKeys(std::vector<Key<QueueConfig>>& keys) {
  keys.push_back(ListKey(OfQueue(
                             "ocr.languages", [](auto& q) -> auto& { return q.ocr.languages; },
                             "what jobs may ask for by `lang`, the first is the default; osd: the "
                             "data to find out how a page is turned"),
                         "names of traineddata files like eng, deu, chi_sim, osd"));
  keys.push_back(TextKey(OfQueue(
                             "ocr.data_dir", [](auto& q) -> auto& { return q.ocr.data_dir; },
                             "folder of those files; auto: where distributions put it"),
                         "auto, or a path"));
  keys.push_back(NumberKey(OfQueue(
                               "ocr.max_pixels", [](auto& q) -> auto& { return q.ocr.max_pixels; },
                               "largest page that is read; larger: 422"),
                           Counts(), {10'000, 1'000'000'000}));
  keys.push_back(NumberKey(OfQueue(
                               "ocr.max_pages", [](auto& q) -> auto& { return q.ocr.max_pages; },
                               "most pages of one job; more: 422"),
                           Counts(), {1, 4096}));
}

std::vector<Key<QueueConfig>> MakeQueueKeys() {
  std::vector<Key<QueueConfig>> keys;
  keys.push_back(TextKey(
      OfQueue(
          "handler", [](auto& q) -> auto& { return q.handler; }, "what does the jobs; required"),
      "the name of a handler"));
  keys.push_back(AutoKey(OfQueue(
                             "workers", [](auto& q) -> auto& { return q.workers; },
                             "jobs of this queue that run at once; auto: as many as slots"),
                         Counts(), {1, 1024}));
  keys.push_back(NumberKey(OfQueue(
                               "capacity", [](auto& q) -> auto& { return q.capacity; },
                               "jobs that wait beside them; the next one gets 429"),
                           Counts(), {0, 1'000'000}));
  keys.push_back(DurationKey(OfQueue(
                                 "deadline", [](auto& q) -> auto& { return q.deadline; },
                                 "from the request to its answer; then 504"),
                             {1, 24 * kHour}));
  keys.push_back(
      DurationKey(OfQueue(
                      "expected_run", [](auto& q) -> auto& { return q.expected_run; },
                      "how long a job runs, for Retry-After before the first one has ended"),
                  {1, 24 * kHour}));
  keys.push_back(TextKey(OfQueue(
                             "path", [](auto& q) -> auto& { return q.path; },
                             "second, short address of the queue; empty: none"),
                         "a path like /put, or empty"));
  keys.insert(keys.end(), KeptKeys().begin(), KeptKeys().end());
  keys.insert(keys.end(), UpstreamKeys().begin(), UpstreamKeys().end());
  AddIsolationKeys(keys);
  keys.insert(keys.end(), CommandKeys().begin(), CommandKeys().end());
  AddOcrKeys(keys);
  AddPdfKeys(keys);
  return keys;
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
