#include "config/changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "config/keys.h"
#include "config/queue_trees.h"

namespace headrace {
namespace {

std::string Shown(const std::string& value) { return value.empty() ? "empty" : value; }

template <class T>
void AddScalars(const std::vector<Key<T>>& keys, const std::string& prefix, const T& before,
                const T& after, std::vector<KeyChange>& changes) {
  for (const Key<T>& key : keys) {
    const std::string from = key.show(before);
    const std::string to = key.show(after);
    if (from == to) continue;
    std::string text = key.secret ? "changed" : fmt::format("{} -> {}", Shown(from), Shown(to));
    changes.push_back({prefix + key.path, key.live ? std::move(text) : std::string(), key.live});
  }
}

// Whether there is TLS is the listener's to know from the start.
bool TurnsTls(const Config& before, const Config& after) {
  return before.http.tls_certificate.empty() != after.http.tls_certificate.empty();
}

void RefuseTls(std::vector<KeyChange>& changes) {
  for (KeyChange& change : changes) {
    if (change.path.starts_with("server.tls.")) change = {change.path, "", false};
  }
}

const QueueConfig* Find(const Config& config, const std::string& name) {
  const auto at = std::find_if(config.queues.begin(), config.queues.end(),
                               [&](const QueueConfig& queue) { return queue.name == name; });
  return at == config.queues.end() ? nullptr : &*at;
}

void AddQueue(const QueueConfig& before, const QueueConfig& after,
              std::vector<KeyChange>& changes) {
  const std::string prefix = "queues." + before.name + ".";
  AddScalars(QueueKeys(), prefix, before, after, changes);
  for (const TreeKey<QueueConfig>& tree : QueueTrees()) {
    if (!tree.same(before, after)) changes.push_back({prefix + tree.path, "", false});
  }
}

}  // namespace

std::vector<KeyChange> FindChanges(const Config& before, const Config& after) {
  std::vector<KeyChange> changes;
  AddScalars(ProgramKeys(), "", before, after, changes);
  if (TurnsTls(before, after)) RefuseTls(changes);
  for (const QueueConfig& queue : before.queues) {
    if (const QueueConfig* const same = Find(after, queue.name)) {
      AddQueue(queue, *same, changes);
    } else {
      changes.push_back({"queues." + queue.name, "", false});
    }
  }
  for (const QueueConfig& queue : after.queues) {
    if (!Find(before, queue.name)) changes.push_back({"queues." + queue.name, "", false});
  }
  return changes;
}

Config InOrderOf(const Config& before, Config after) {
  std::vector<QueueConfig> queues;
  queues.reserve(before.queues.size());
  for (const QueueConfig& queue : before.queues) queues.push_back(*Find(after, queue.name));
  after.queues = std::move(queues);
  return after;
}

}  // namespace headrace
