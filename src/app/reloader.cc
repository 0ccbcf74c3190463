#include "app/reloader.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "app/module_options.h"
#include "base/log.h"
#include "base/utc_time.h"
#include "config/changes.h"
#include "service/key_file.h"
#include "service/webhook_secrets.h"

namespace headrace {
namespace {

double UnixNow() { return Seconds(UtcNow().time_since_epoch()).count(); }

void AddAll(const std::string& key, const std::vector<std::string>& from,
            std::vector<std::string>& to) {
  for (const std::string& line : from) to.push_back(fmt::format("{}: {}", key, line));
}

}  // namespace

// What Commit needs, once there are no problems.
struct Reloader::Prepared {
  std::vector<std::string> problems;
  std::vector<std::string> warnings;
  std::vector<std::string> changes;  // in words
  Config config;
  Plan plan;
  std::optional<KeyRing::Next> keys;
  std::optional<std::vector<std::string>> webhook_keys;
  std::shared_ptr<const TlsContext> tls;
};

Reloader::Reloader(Config running, Plan plan, const Modules& modules)
    : running_(std::move(running)),
      plan_(std::move(plan)),
      modules_(modules),
      last_success_(UnixNow()) {}

ReloadFigures Reloader::Figures() const {
  return {applied_.load(), refused_.load(), last_success_.load()};
}

void Reloader::Reload(const std::function<LoadedConfig()>& load) {
  Prepared prepared;
  try {
    Prepare(load(), prepared);
  } catch (const std::bad_alloc&) {
    prepared.problems = {"there is no memory to read it with"};
  }
  if (!prepared.problems.empty()) {
    ShrinkTo(plan_);  // whoever was hired already
    LogError("SIGHUP: nothing is changed: {detail}",
             {{"detail", fmt::format("{}", fmt::join(prepared.problems, "; "))}});
    refused_.fetch_add(1);
    return;
  }
  Commit(std::move(prepared));
  last_success_.store(UnixNow());
  applied_.fetch_add(1);
}

void Reloader::Prepare(const LoadedConfig& loaded, Prepared& prepared) {
  prepared.problems = loaded.problems;
  if (!prepared.problems.empty()) return;
  prepared.config = loaded.config;
  std::vector<std::string> restart;
  for (const KeyChange& change : FindChanges(running_, loaded.config)) {
    if (change.live) {
      prepared.changes.push_back(change.path + ": " + change.text);
    } else {
      restart.push_back(change.path);
    }
  }
  if (!restart.empty()) {
    prepared.problems.push_back(fmt::format("needs a restart: {}", fmt::join(restart, ", ")));
  } else {
    PrepareQueues(loaded, prepared);
  }
  PrepareKeys(prepared);
  PrepareWebhooks(prepared);
  PrepareTls(prepared);
  // Last: it is the only step that is to be undone.
  if (prepared.problems.empty()) HireWorkers(prepared);
}

void Reloader::PrepareQueues(const LoadedConfig& loaded, Prepared& prepared) {
  prepared.config = InOrderOf(running_, loaded.config);
  auto plan = Replan(prepared.config, plan_);
  if (plan) {
    prepared.plan = *std::move(plan);
  } else {
    prepared.problems.push_back(plan.error().hint);
  }
}

void Reloader::PrepareKeys(Prepared& prepared) const {
  if (modules_.keys == nullptr || prepared.config.auth.mode != AuthMode::kKeys) return;
  const KeyFile file = LoadKeyFile(prepared.config.auth.file);
  AddAll("auth.file", file.problems, prepared.problems);
  AddAll("auth.file", file.warnings, prepared.warnings);
  prepared.keys = modules_.keys->Prepare(file.keys);
  if (prepared.keys->Same()) return;
  prepared.changes.push_back(fmt::format("auth.file: {} keys added, {} removed, {} changed",
                                         prepared.keys->added, prepared.keys->removed,
                                         prepared.keys->changed));
}

void Reloader::PrepareWebhooks(Prepared& prepared) const {
  const std::string& path = prepared.config.webhooks.secrets_file;
  if (!modules_.webhooks) return;
  WebhookSecrets secrets;
  if (!path.empty()) secrets = LoadWebhookSecrets(path);
  AddAll("webhooks.secrets_file", secrets.problems, prepared.problems);
  AddAll("webhooks.secrets_file", secrets.warnings, prepared.warnings);
  if (secrets.keys != modules_.webhooks->Keys()) {
    prepared.changes.push_back(
        fmt::format("webhooks.secrets_file: other secrets, {} of them", secrets.keys.size()));
  }
  prepared.webhook_keys = std::move(secrets.keys);
}

// That there is TLS, or none, is as it was: else it needs a restart.
void Reloader::PrepareTls(Prepared& prepared) const {
  const HttpOptions& http = prepared.config.http;
  const auto former = modules_.http.Tls();
  if (!former || http.tls_certificate.empty()) return;
  auto tls = TlsContext::Load(http.tls_certificate, http.tls_key);
  if (!tls) {
    prepared.problems.push_back("server.tls.certificate: " + tls.error().hint);
    return;
  }
  prepared.tls = *std::move(tls);
  const std::string end = ToRfc3339(prepared.tls->not_after());
  if (prepared.tls->not_after() < UtcNow()) {
    prepared.warnings.push_back(fmt::format("server.tls.certificate: it ended at {}", end));
  }
  if (prepared.tls->fingerprint() != former->fingerprint()) {
    prepared.changes.push_back(fmt::format("server.tls.certificate: another one, to {}", end));
  }
}

void Reloader::HireWorkers(Prepared& prepared) {
  auto hired = modules_.workers.Grow(prepared.plan.workers);
  if (!hired) prepared.problems.push_back(hired.error().hint);
}

void Reloader::ShrinkTo(const Plan& plan) {
  modules_.workers.Shrink(plan.workers, [this](QueueIndex queue, std::size_t waiters) {
    modules_.engine.Wake(queue, waiters);
  });
}

void Reloader::Commit(Prepared prepared) {
  const Config& config = prepared.config;
  modules_.http.Reload(config.http, std::move(prepared.tls));
  if (prepared.keys) modules_.keys->Adopt(*std::move(prepared.keys));
  if (prepared.webhook_keys) modules_.webhooks->SetKeys(*std::move(prepared.webhook_keys));
  modules_.service.Reload(ServiceQueues(config, prepared.plan, modules_.handlers, modules_.runners),
                          config.http.max_body);
  modules_.engine.Reload(EngineQueues(config, prepared.plan));
  modules_.runners.SetWorkers(prepared.plan.workers);
  ShrinkTo(prepared.plan);
  Tell(prepared, config.log.level);
  running_ = std::move(prepared.config);
  plan_ = std::move(prepared.plan);
}

// At any level of the log: whoever asked is to see that it is done.
void Reloader::Tell(const Prepared& prepared, LogLevel level) {
  modules_.log.SetLevel(std::min({running_.log.level, level, LogLevel::kInfo}));
  for (const std::string& warning : prepared.warnings) {
    LogWarn("configuration: {detail}", {{"detail", warning}});
  }
  if (prepared.changes.empty()) {
    LogInfo("SIGHUP: the configuration is read again, nothing in it has changed");
  } else {
    LogInfo("SIGHUP: changed: {detail}",
            {{"detail", fmt::format("{}", fmt::join(prepared.changes, "; "))}});
  }
  modules_.log.SetLevel(level);
}

}  // namespace headrace
