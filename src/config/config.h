#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "handler/command/command_options.h"
#include "handler/ocr/ocr_options.h"
#include "handler/sandbox/isolation.h"
#include "handler/upstream/upstream_options.h"
#include "headrace/params.h"
#include "http/edge/http_options.h"
#include "service/webhook_url.h"
#include "tracing/tracing_options.h"

namespace headrace {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError };
enum class LogFormat { kText, kJson };

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
};

// SIGTERM: unready at once, go on accepting for `delay`, then let jobs end for at most `drain`.
struct ShutdownOptions {
  std::chrono::milliseconds delay{0};
  std::chrono::milliseconds drain{8'000};
};

// `pdf:` of a queue whose handler reads PDFs; nothing: the default of PdfLimits.
struct PdfKeys {
  std::optional<std::uint64_t> max_pages;
  std::optional<std::uint64_t> max_page_pixels;
};

struct QueueConfig {
  std::string name;
  std::string handler;
  std::optional<std::size_t> workers;  // nothing: as many as slots
  std::size_t capacity = 64;
  std::chrono::milliseconds deadline{60'000};
  std::chrono::milliseconds expected_run{1'000};
  std::string path;  // second, short address; empty: none
  // Of jobs that outlive their connections.
  std::chrono::milliseconds async_deadline{86'400'000};
  std::chrono::milliseconds run_timeout{60'000};
  std::chrono::milliseconds result_ttl{600'000};
  std::size_t max_attempts = 2;
  std::vector<std::string> retry_on{"crash", "unavailable"};  // RetryPolicy, or only "none"
  std::chrono::milliseconds retry_delay{1'000};
  std::chrono::milliseconds retry_max_delay{60'000};
  std::string webhook_url;  // told of their ends; empty: nobody
  IsolationOptions isolation;
  PdfKeys pdf;               // for handler `pdf-to-image` only
  OcrOptions ocr;            // for handler `ocr` only
  UpstreamOptions upstream;  // with a URL: handler http
  CommandOptions command;    // for handler `command` only, like the next
  bool allow_root = false;   // commands may run as root
  // What its jobs may be asked with; for the handlers that do what the configuration says.
  std::vector<ParamSpec> params;

  // Its workers only wait for an upstream: they take no slot.
  [[nodiscard]] bool OnlyWaits() const { return !upstream.url.empty(); }
  [[nodiscard]] bool NeedsExecutors() const {
    return isolation.mode == IsolationMode::kProcess && !OnlyWaits();
  }
  [[nodiscard]] bool RunsCommand() const { return handler == kCommandHandler; }
  // Each of its workers is a program that stays, and keeps its memory, from job to job.
  [[nodiscard]] bool HasPersistentWorkers() const {
    return RunsCommand() && command.protocol == CommandOptions::Protocol::kFrames;
  }
  // Jobs per executor.
  [[nodiscard]] std::uint32_t RecycleAfter() const {
    return isolation.recycle_after.value_or(HasPersistentWorkers() ? kMostRecycleAfter : 1);
  }
};

// Everything that can be configured: the modules' options, and what the composition itself needs.
// The defaults are the fields' initial values. Value type.
// Where kept jobs are kept.
enum class EngineKind { kMemory, kSqlite };

struct EngineKeys {
  EngineKind kind = EngineKind::kMemory;
  std::string path = "/var/lib/headrace";  // the folder of a durable engine
  std::size_t max_keys = 100'000;          // Idempotency-Keys that are held at once
  std::size_t max_open_results = 4096;     // files of results that are open to be sent
};

// `webhooks:`; whom the ends of kept jobs may be told.
struct WebhookKeys {
  std::string secrets_file;  // empty: nothing is signed
  WebhookPolicy policy;
};

// `auth:`; who may use the API.
enum class AuthMode { kNone, kKeys };

struct AuthKeys {
  AuthMode mode = AuthMode::kNone;
  std::string file;  // of keys, see LoadKeyFile
};

struct Config {
  HttpOptions http;
  ManagementOptions management;
  std::optional<std::size_t> slots;  // nothing: what the machine can carry
  std::optional<std::uint64_t>
      budget;  // bytes of the ledger; nothing: a quarter of the memory limit
  std::uint64_t max_result = std::uint64_t{1} << 30U;  // bytes of one job's result
  std::string spool_dir = "/tmp";                      // empty: no spool
  std::uint64_t max_spool = std::uint64_t{4} << 30U;   // bytes of all files in it
  SandboxMode sandbox = SandboxMode::kBestEffort;
  std::string executors_dir;  // where the executors' binaries lie; empty: beside the program
  EngineKeys engine;
  WebhookKeys webhooks;
  AuthKeys auth;
  bool trust_priority = false;  // of clients that are not told apart
  LogOptions log;
  TracingOptions tracing;
  ShutdownOptions shutdown;
  std::vector<QueueConfig> queues;  // in the order of the file
};

}  // namespace headrace
