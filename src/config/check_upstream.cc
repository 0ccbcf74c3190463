#include "config/check_upstream.h"

#include <fmt/format.h>

#include <string_view>

#include "config/keys.h"
#include "config/upstream_keys.h"

namespace headrace {
namespace {

// `mode: thread` is what it does, and so may be said.
void CheckNoIsolation(const QueueConfig& queue, const std::string& path, Problems& problems) {
  for (const Key<QueueConfig>& key : QueueKeys()) {
    if (!key.path.starts_with("isolation.") || !problems.IsSet(path + key.path)) continue;
    const bool true_mode =
        key.path == "isolation.mode" && queue.isolation.mode == IsolationMode::kThread;
    if (true_mode) continue;
    problems.Add(path + key.path,
                 "handler http starts no process, it waits for its upstream; leave it out");
  }
}

}  // namespace

void CheckUpstream(const QueueConfig& queue, const std::string& path, Problems& problems) {
  CheckNoIsolation(queue, path, problems);
  if (queue.upstream.url.empty()) {
    problems.Add(path + "upstream",
                 "is missing; allowed: a URL like http://127.0.0.1:9000/predict");
    return;
  }
  problems.AddAll(path, Validate(queue.upstream));
}

void CheckNoUpstream(const QueueConfig& queue, const std::string& path, Problems& problems) {
  const QueueConfig defaults;
  for (const Key<QueueConfig>& key : UpstreamKeys()) {
    if (key.show(queue) == key.show(defaults)) continue;
    problems.Add(path + key.path,
                 fmt::format("is for handler http only, this queue has handler {}; leave it out",
                             queue.handler));
  }
}

}  // namespace headrace
