#include "engine/local/key_index.h"

#include <utility>

namespace headrace {

// No part has a NUL: names of queues and tenants are words, field values have none (RFC 9110 5.5).
std::string KeyIndex::TextOf(const Name& name) {
  std::string text(name.queue);
  text.append(1, '\0').append(name.tenant).append(1, '\0').append(name.key);
  return text;
}

void KeyIndex::Sweep(SteadyTime now) {
  while (!ends_.empty() && ends_.begin()->first <= now) {
    const auto at = entries_.find(ends_.begin()->second);
    // The key may have been given free, and taken again.
    if (at != entries_.end() && at->second.until <= now) entries_.erase(at);
    ends_.erase(ends_.begin());
  }
}

PushResult KeyIndex::Take(const Name& name, const PayloadDigest& digest, const std::string& id,
                          const Engine::Pushed& first) {
  std::string existing;
  {
    const MutexLock lock(mu_);
    Sweep(SteadyClock::now());
    const auto [at, fresh] = entries_.try_emplace(TextOf(name));
    Entry& entry = at->second;
    if (fresh && entries_.size() > most_) {
      entries_.erase(at);
      return PushResult::kManyKeys;
    }
    if (fresh) {
      entry.id = id;
      entry.digest = digest;
      return PushResult::kAccepted;
    }
    if (entry.digest != digest) return PushResult::kConflict;
    if (!entry.confirmed) {
      entry.followers.push_back(first);
      return PushResult::kExisting;
    }
    existing = entry.id;
  }
  first({PushResult::kExisting, existing});
  return PushResult::kExisting;
}

void KeyIndex::Confirm(const Name& name, std::string_view id) {
  std::vector<Engine::Pushed> followers;
  {
    const MutexLock lock(mu_);
    const auto at = entries_.find(TextOf(name));
    // It may have been given free, and taken by another job, before this one was written.
    if (at == entries_.end() || at->second.id != id) return;
    at->second.confirmed = true;
    followers = std::exchange(at->second.followers, {});
  }
  for (const auto& follower : followers) follower({PushResult::kExisting, std::string(id)});
}

void KeyIndex::Free(const Name& name, std::string_view id) {
  std::vector<Engine::Pushed> followers;
  {
    const MutexLock lock(mu_);
    const auto at = entries_.find(TextOf(name));
    if (at == entries_.end() || at->second.id != id) return;
    followers = std::move(at->second.followers);
    entries_.erase(at);
  }
  for (const auto& follower : followers) follower({PushResult::kDown, {}});
}

void KeyIndex::HoldUntil(const Name& name, std::string_view id, SteadyTime until) {
  const MutexLock lock(mu_);
  const auto at = entries_.find(TextOf(name));
  if (at == entries_.end() || at->second.id != id) return;
  at->second.until = until;
  ends_.emplace(until, at->first);
}

void KeyIndex::Recover(const Name& name, const PayloadDigest& digest, const std::string& id,
                       SteadyTime until) {
  const MutexLock lock(mu_);
  const auto [at, fresh] = entries_.try_emplace(TextOf(name));
  if (!fresh) return;
  at->second.id = id;
  at->second.digest = digest;
  at->second.confirmed = true;
  at->second.until = until;
  if (until != SteadyTime::max()) ends_.emplace(until, at->first);
}

bool KeyIndex::Holds(const Name& name) const {
  const MutexLock lock(mu_);
  const auto at = entries_.find(TextOf(name));
  return at != entries_.end() && at->second.until > SteadyClock::now();
}

}  // namespace headrace
