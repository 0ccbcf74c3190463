#include "config/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "base/job_id.h"
#include "base/units.h"
#include "config/check_command.h"
#include "config/check_upstream.h"
#include "config/keys.h"
#include "config/pdf_keys.h"
#include "http/edge/tls_context.h"
#include "service/key_file.h"
#include "service/webhook_secrets.h"
#include "service/webhook_url.h"

namespace headrace {
namespace {

constexpr std::size_t kMaxPath = 128;

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

void CheckAuth(const AuthKeys& auth, Problems& problems) {
  if (auth.mode == AuthMode::kKeys && auth.file.empty()) {
    problems.Add("auth.file", "is missing; allowed: a file of lines TENANT SHA256");
  } else if (auth.mode == AuthMode::kKeys) {
    problems.AddAll("auth.file: ", LoadKeyFile(auth.file).problems);
  } else if (!auth.file.empty()) {
    problems.Add("auth.file",
                 "is for auth.mode: keys, without which everybody may come in; allowed "
                 "here: empty");
  }
}

// Where both are named; whether they are, Validate says.
void CheckTls(const HttpOptions& http, Problems& problems) {
  if (http.tls_certificate.empty() || http.tls_key.empty()) return;
  const auto tls = TlsContext::Load(http.tls_certificate, http.tls_key);
  if (!tls) problems.Add("server.tls.certificate", tls.error().hint);
}

void CheckProgram(const Config& config, Problems& problems) {
  problems.AddAll("", Validate(config.http));
  CheckTls(config.http, problems);
  problems.AddAll("", Validate(config.management));
  const auto address = ParseListenAddress(config.http.listen);
  if (address && address->port != 0 && config.http.listen == config.management.listen) {
    problems.Add("management.listen",
                 fmt::format("{} is server.listen as well; allowed: another address or port",
                             config.management.listen));
  }
  if (config.engine.kind == EngineKind::kSqlite && config.engine.path.empty()) {
    problems.Add("engine.path", "is missing; allowed: the folder where jobs are kept");
  }
  CheckAuth(config.auth, problems);
  problems.AddAll("tracing.", Validate(config.tracing));
  problems.AddAll("webhooks.", Validate(config.webhooks.policy));
  if (config.webhooks.secrets_file.empty() && !config.webhooks.policy.allow_hosts.empty()) {
    problems.Add("webhooks.secrets_file",
                 "is missing; allowed: a file of lines whsec_..., with which receivers verify what "
                 "they are told");
  }
  if (!config.webhooks.secrets_file.empty()) {
    problems.AddAll("webhooks.secrets_file: ",
                    LoadWebhookSecrets(config.webhooks.secrets_file).problems);
  }
  if (config.budget && config.http.max_body > *config.budget) {
    problems.Add("server.max_body",
                 fmt::format("{} is more than memory.budget ({}), no such body could "
                             "come in; allowed: at most the budget",
                             FormatSize(config.http.max_body), FormatSize(*config.budget)));
  }
}

// The handlers that do what the configuration says, and so take the parameters that it declares.
bool TakesParams(const QueueConfig& queue, const HandlerEntry& handler) {
  return handler.forwards || queue.RunsCommand();
}

void CheckParams(const QueueConfig& queue, const std::string& path, const HandlerEntry& handler,
                 Problems& problems) {
  if (TakesParams(queue, handler) || !problems.IsSet(path + "params")) return;
  problems.Add(path + "params",
               fmt::format("handler {} has parameters of its own; leave it out", queue.handler));
}

void CheckHandler(const QueueConfig& queue, const std::string& path, const ConfigSource& source,
                  Problems& problems) {
  const HandlerRegistry& handlers = source.handlers;
  const HandlerEntry* const handler = handlers.Find(queue.handler);
  if (handler != nullptr && handler->forwards) {
    CheckUpstream(queue, path, problems);
    CheckNoCommand(queue, path, problems);
    return;
  }
  if (handler != nullptr) {
    CheckNoUpstream(queue, path, problems);
    CheckParams(queue, path, *handler, problems);
    if (queue.RunsCommand()) {
      CheckCommand(queue, path, source, problems);
    } else {
      CheckNoCommand(queue, path, problems);
    }
    problems.AddAll(path + "isolation.", CheckIsolation(*handler, queue.isolation));
    return;
  }
  const std::string what =
      queue.handler.empty() ? "is missing" : fmt::format("'{}' is unknown", queue.handler);
  problems.Add(path + "handler",
               fmt::format("{}; allowed: {}", what, fmt::join(handlers.Names(), ", ")));
}

// The keys of one handler say nothing about another.
void CheckOcr(const QueueConfig& queue, const std::string& path, Problems& problems) {
  if (queue.handler == "ocr") {
    problems.AddAll(path + "ocr.", Validate(queue.ocr));
    return;
  }
  for (const auto& key : QueueKeys()) {
    if (key.path.rfind("ocr.", 0) != 0 || !problems.IsSet(path + key.path)) continue;
    problems.Add(path + key.path,
                 "is for queues with handler ocr; allowed here: none of the section ocr");
  }
}

void CheckWebhook(const QueueConfig& queue, const std::string& path, const WebhookPolicy& policy,
                  Problems& problems) {
  if (queue.webhook_url.empty()) return;
  if (auto allowed = CheckWebhookUrl(queue.webhook_url, policy); !allowed) {
    problems.Add(path + "webhook_url", allowed.error().hint);
  }
}

// `none` stands for an empty list.
void CheckRetries(const QueueConfig& queue, const std::string& path, Problems& problems) {
  for (const std::string& word : queue.retry_on) {
    const bool none = word == "none" && queue.retry_on.size() == 1;
    if (none || word == "crash" || word == "unavailable" || word == "upstream") continue;
    problems.Add(
        path + "retry_on",
        fmt::format("'{}' is unknown; allowed: crash, unavailable and upstream, or none", word));
  }
}

bool IsPath(const std::string& path) {
  const bool plain = std::all_of(path.begin(), path.end(), [](char c) {
    return IsLowerOrDigit(c) || (c >= 'A' && c <= 'Z') || c == '/' || c == '-' || c == '_' ||
           c == '.';
  });
  return plain && path.size() >= 2 && path.size() <= kMaxPath && path.front() == '/' &&
         path.back() != '/' && path.find("//") == std::string::npos &&
         path.find("/.") == std::string::npos;
}

// `taken`: path -> the queue that has it.
void CheckPath(const QueueConfig& queue, const std::string& key,
               std::map<std::string, std::string>& taken, Problems& problems) {
  if (queue.path.empty()) return;
  if (!IsPath(queue.path)) {
    problems.Add(
        key, fmt::format("'{}' is no path; allowed: / and letters, digits, - _ . in parts, at most "
                         "{} characters, without a / at the end",
                         queue.path, kMaxPath));
    return;
  }
  if (queue.path == "/v1" || queue.path.compare(0, 4, "/v1/") == 0 ||
      queue.path == "/openapi.json") {
    problems.Add(
        key, fmt::format("{} belongs to the API; allowed: a path outside of /v1 and /openapi.json",
                         queue.path));
    return;
  }
  const auto [other, fresh] = taken.emplace(queue.path, queue.name);
  if (!fresh) {
    problems.Add(key, fmt::format("{} is the path of queue {} as well; allowed: one queue per path",
                                  queue.path, other->second));
  }
}

}  // namespace

bool IsQueueName(std::string_view name) {
  return !name.empty() && name.size() <= 63 && IsLowerOrDigit(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return IsLowerOrDigit(c) || c == '-'; });
}

void CheckConfig(const Config& config, const ConfigSource& source, Problems& problems) {
  CheckProgram(config, problems);
  if (config.queues.size() > kMaxQueues) {
    problems.Add("queues", fmt::format("{} queues are too many; allowed: 1 to {}",
                                       config.queues.size(), kMaxQueues));
  }
  std::map<std::string, std::string> taken;
  for (const QueueConfig& queue : config.queues) {
    const std::string path = "queues." + queue.name + ".";
    CheckHandler(queue, path, source, problems);
    CheckOcr(queue, path, problems);
    CheckPdfKeys(queue, path, problems);
    CheckRetries(queue, path, problems);
    CheckWebhook(queue, path, config.webhooks.policy, problems);
    CheckPath(queue, path + "path", taken, problems);
  }
}

}  // namespace headrace
