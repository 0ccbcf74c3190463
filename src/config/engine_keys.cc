#include "config/engine_keys.h"

namespace headrace {
namespace {

void AddEngine(KeyList<Config>& keys) {
  keys.Choice(
          "engine.kind",
          Choices<EngineKind>{{"memory", EngineKind::kMemory}, {"sqlite", EngineKind::kSqlite}},
          "where kept jobs are kept; sqlite: on a disk, over restarts",
          [](auto& c) -> auto& { return c.engine.kind; })
      .More(
          "[Kept jobs](http.md#jobs-that-outlive-their-connection) survive restarts and crashes on "
          "a disk ([operations.md](operations.md#kept-jobs-on-a-disk))");
  keys.Text(
          "engine.path", "a path", "sqlite: its folder, for one process alone",
          [](auto& c) -> auto& { return c.engine.path; })
      .More("Made if it is missing");
  keys.Number(
          "engine.max_keys", Counts(), {1, 10'000'000},
          "`Idempotency-Key`s that are held at once; the next one gets 429",
          [](auto& c) -> auto& { return c.engine.max_keys; })
      .More("A tenant holds no more than it leaves to others, so half of them if it is alone");
  keys.Number(
          "engine.max_open_results", Counts(), {16, 1'000'000},
          "sqlite: files of results that are open to be sent at once; more: 503",
          [](auto& c) -> auto& { return c.engine.max_open_results; })
      .More(
          "Those are parts over 64 KiB; the answer is 503 `busy`. At most a quarter of the "
          "descriptors that the process may have");
}

void AddAuth(KeyList<Config>& keys) {
  keys.Choice(
          "auth.mode", Choices<AuthMode>{{"none", AuthMode::kNone}, {"keys", AuthMode::kKeys}},
          "keys: every request to the API needs `Authorization: Bearer KEY`",
          [](auto& c) -> auto& { return c.auth.mode; })
      .More("[How](operations.md#keys)");
  keys.Text(
          "auth.file", "a path, or empty",
          "keys: file of lines `TENANT SHA256 [waiting=N] [per_minute=N]`",
          [](auto& c) -> auto& { return c.auth.file; })
      .More("Read at the start, and again by a [reload](operations.md#reload)");
}

void AddWebhooks(KeyList<Config>& keys) {
  keys.Text(
          "webhooks.secrets_file", "a path, or empty",
          "file of lines `whsec_...`, with each of which webhooks are signed; needed beside "
          "allow_hosts",
          [](auto& c) -> auto& { return c.webhooks.secrets_file; })
      .More("[What that is](webhooks.md)");
  keys.List(
      "webhooks.allow_hosts", "names like hooks.example.com or *.example.com, addresses, or empty",
      "whom webhooks may call; empty: nobody",
      [](auto& c) -> auto& { return c.webhooks.policy.allow_hosts; });
  keys.Truth(
      "webhooks.allow_private", "webhooks may call hosts in networks of one's own, too",
      [](auto& c) -> auto& { return c.webhooks.policy.allow_private; });
  keys.Truth(
      "webhooks.allow_http", "webhooks may go by http beside https",
      [](auto& c) -> auto& { return c.webhooks.policy.allow_http; });
}

std::vector<Key<Config>> MakeKeys() {
  KeyList<Config> keys;
  AddEngine(keys);
  AddAuth(keys);
  AddWebhooks(keys);
  keys.MarkLive({"auth.file", "webhooks.secrets_file"});
  return keys.Take();
}

}  // namespace

const std::vector<Key<Config>>& EngineSectionKeys() {
  static const std::vector<Key<Config>> kKeys = MakeKeys();
  return kKeys;
}

}  // namespace headrace
