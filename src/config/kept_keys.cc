#include "config/kept_keys.h"

namespace headrace {
namespace {

constexpr std::uint64_t kHour = 3'600'000;  // ms

void AddTimes(KeyList<QueueConfig>& keys) {
  keys.Duration(
          "async_deadline", {1, 168 * kHour},
          "kept jobs: from the request to the end of the last attempt; then expired",
          [](auto& q) -> auto& { return q.async_deadline; })
      .More(
          "[Kept jobs](http.md#jobs-that-outlive-their-connection) are those that outlive their "
          "connection");
  keys.Duration(
      "run_timeout", {1, 24 * kHour},
      "kept jobs: of one attempt; longer: it fails with `run-timeout`",
      [](auto& q) -> auto& { return q.run_timeout; });
  keys.Duration(
      "result_ttl", {1, 168 * kHour}, "kept jobs: how long their outcome is kept; then 410",
      [](auto& q) -> auto& { return q.result_ttl; });
}

void AddRetries(KeyList<QueueConfig>& keys) {
  keys.Number(
          "max_attempts", Counts(), {1, 100},
          "kept jobs: runs of one job, interrupted ones among them",
          [](auto& q) -> auto& { return q.max_attempts; })
      .More("A run is interrupted by a stop of the service that cuts it");
  keys.List(
          "retry_on", "crash, unavailable and upstream, or none",
          "kept jobs: ends of an attempt that are followed by another",
          [](auto& q) -> auto& { return q.retry_on; })
      .More(
          "crash: its process died; unavailable: it said itself that it may go later (503); "
          "upstream: the app behind `handler: http` failed or was not there");
  keys.Duration(
          "retry_delay", {0, kHour},
          "kept jobs: before the second attempt; doubled before each further one",
          [](auto& q) -> auto& { return q.retry_delay; })
      .More("Plus 0 to 20 %");
  keys.Duration(
      "retry_max_delay", {0, 24 * kHour}, "kept jobs: the longest of these",
      [](auto& q) -> auto& { return q.retry_max_delay; });
}

std::vector<Key<QueueConfig>> MakeKeys() {
  KeyList<QueueConfig> keys;
  AddTimes(keys);
  AddRetries(keys);
  auto& url = keys.Text(
                      "webhook_url", "a URL whose host webhooks.allow_hosts lists, or empty",
                      "kept jobs: told of their ends where their client names no `Webhook-Url`",
                      [](auto& q) -> auto& { return q.webhook_url; })
                  .More("See [webhooks.md](webhooks.md)");
  url.secret = true;  // it may have a token in it
  keys.MarkLive({"async_deadline", "run_timeout", "result_ttl", "max_attempts", "retry_on",
                 "retry_delay", "retry_max_delay", "webhook_url"});
  return keys.Take();
}

}  // namespace

const std::vector<Key<QueueConfig>>& KeptKeys() {
  static const std::vector<Key<QueueConfig>> kKeys = MakeKeys();
  return kKeys;
}

}  // namespace headrace
