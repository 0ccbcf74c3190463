#include "config/kept_keys.h"

namespace headrace {
namespace {

constexpr std::uint64_t kHour = 3'600'000;  // ms

template <class Access>
Field<QueueConfig, Access> Of(const char* path, Access access, const char* help) {
  return {path, access, help};
}

void AddTimes(std::vector<Key<QueueConfig>>& keys) {
  keys.push_back(
      DurationKey(Of(
                      "async_deadline", [](auto& q) -> auto& { return q.async_deadline; },
                      "kept jobs: from the request to the end of all attempts; then expired"),
                  {1, 168 * kHour}));
  keys.push_back(DurationKey(Of(
                                 "run_timeout", [](auto& q) -> auto& { return q.run_timeout; },
                                 "kept jobs: of one attempt"),
                             {1, 24 * kHour}));
  keys.push_back(DurationKey(Of(
                                 "result_ttl", [](auto& q) -> auto& { return q.result_ttl; },
                                 "kept jobs: how long their outcome is kept; then 410"),
                             {1, 168 * kHour}));
}

void AddRetries(std::vector<Key<QueueConfig>>& keys) {
  keys.push_back(NumberKey(Of(
                               "max_attempts", [](auto& q) -> auto& { return q.max_attempts; },
                               "kept jobs: runs of one job, interrupted ones among them"),
                           Counts(), {1, 100}));
  keys.push_back(ListKey(Of(
                             "retry_on", [](auto& q) -> auto& { return q.retry_on; },
                             "kept jobs: ends of an attempt that are followed by another"),
                         "crash, unavailable and upstream, or none"));
  keys.push_back(
      DurationKey(Of(
                      "retry_delay", [](auto& q) -> auto& { return q.retry_delay; },
                      "kept jobs: before the second attempt; doubled before each further one"),
                  {0, kHour}));
  keys.push_back(
      DurationKey(Of(
                      "retry_max_delay", [](auto& q) -> auto& { return q.retry_max_delay; },
                      "kept jobs: the longest of these"),
                  {0, 24 * kHour}));
}

std::vector<Key<QueueConfig>> MakeKeys() {
  std::vector<Key<QueueConfig>> keys;
  AddTimes(keys);
  AddRetries(keys);
  keys.push_back(
      TextKey(Of(
                  "webhook_url", [](auto& q) -> auto& { return q.webhook_url; },
                  "kept jobs: told of their ends where their client names no Webhook-Url"),
              "a URL whose host webhooks.allow_hosts lists, or empty"));
  return keys;
}

}  // namespace

const std::vector<Key<QueueConfig>>& KeptKeys() {
  static const std::vector<Key<QueueConfig>> kKeys = MakeKeys();
  return kKeys;
}

}  // namespace headrace
