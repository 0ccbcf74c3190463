#include "config/engine_keys.h"

namespace headrace {
namespace {

template <class Access>
Field<Config, Access> Of(const char* path, Access access, const char* help) {
  return {path, access, help};
}

void AddEngine(std::vector<Key<Config>>& keys) {
  keys.push_back(ChoiceKey(
      Of(
          "engine.kind", [](auto& c) -> auto& { return c.engine.kind; },
          "where kept jobs are kept; sqlite: on a disk, over restarts"),
      Choices<EngineKind>{{"memory", EngineKind::kMemory}, {"sqlite", EngineKind::kSqlite}}));
  keys.push_back(TextKey(Of(
                             "engine.path", [](auto& c) -> auto& { return c.engine.path; },
                             "sqlite: its folder, for one process alone"),
                         "a path"));
  keys.push_back(
      NumberKey(Of(
                    "engine.max_keys", [](auto& c) -> auto& { return c.engine.max_keys; },
                    "Idempotency-Keys that are held at once; the next one gets 429"),
                Counts(), {1, 10'000'000}));
  keys.push_back(NumberKey(
      Of(
          "engine.max_open_results", [](auto& c) -> auto& { return c.engine.max_open_results; },
          "sqlite: files of results that are open to be sent at once; more: 503"),
      Counts(), {16, 1'000'000}));
}

void AddAuth(std::vector<Key<Config>>& keys) {
  keys.push_back(
      ChoiceKey(Of(
                    "auth.mode", [](auto& c) -> auto& { return c.auth.mode; },
                    "keys: every request to the API needs Authorization: Bearer KEY"),
                Choices<AuthMode>{{"none", AuthMode::kNone}, {"keys", AuthMode::kKeys}}));
  keys.push_back(TextKey(Of(
                             "auth.file", [](auto& c) -> auto& { return c.auth.file; },
                             "keys: file of lines TENANT SHA256 [waiting=N] [per_minute=N]"),
                         "a path, or empty"));
}

void AddWebhooks(std::vector<Key<Config>>& keys) {
  keys.push_back(
      TextKey(Of(
                  "webhooks.secrets_file", [](auto& c) -> auto& { return c.webhooks.secrets_file; },
                  "file of lines whsec_..., with each of which webhooks are signed; needed beside "
                  "allow_hosts"),
              "a path, or empty"));
  keys.push_back(ListKey(
      Of(
          "webhooks.allow_hosts", [](auto& c) -> auto& { return c.webhooks.policy.allow_hosts; },
          "whom webhooks may call; empty: nobody"),
      "names like hooks.example.com or *.example.com, addresses, or empty"));
  const Choices<bool> yes_or_no{{"true", true}, {"false", false}};
  keys.push_back(ChoiceKey(Of(
                               "webhooks.allow_private",
                               [](auto& c) -> auto& { return c.webhooks.policy.allow_private; },
                               "hosts in networks of one's own, too"),
                           yes_or_no));
  keys.push_back(ChoiceKey(
      Of(
          "webhooks.allow_http", [](auto& c) -> auto& { return c.webhooks.policy.allow_http; },
          "http beside https"),
      yes_or_no));
}

std::vector<Key<Config>> MakeKeys() {
  std::vector<Key<Config>> keys;
  AddEngine(keys);
  AddAuth(keys);
  AddWebhooks(keys);
  return keys;
}

}  // namespace

const std::vector<Key<Config>>& EngineSectionKeys() {
  static const std::vector<Key<Config>> kKeys = MakeKeys();
  return kKeys;
}

}  // namespace headrace
