#include "engine/local/key_index.h"

#include <algorithm>
#include <utility>

namespace headrace {

// No part has a NUL: names of queues and tenants are words, field values have none (RFC 9110 5.5).
std::string KeyIndex::TextOf(const Name& name) {
  std::string text(name.queue);
  text.append(1, '\0').append(name.tenant).append(1, '\0').append(name.key);
  return text;
}

// Those of an earlier process may be more than `most_`.
bool KeyIndex::HasRoomFor(std::string_view tenant) const {
  const std::size_t left = most_ - std::min(most_, entries_.size());
  const auto held = held_by_.find(tenant);
  return tenant.empty() || held == held_by_.end() ? left > 0 : held->second < left;
}

KeyIndex::Entries::iterator KeyIndex::Insert(const Name& name, const PayloadDigest& digest,
                                             const std::string& id) {
  const auto at = entries_.emplace(TextOf(name), Entry{std::string(name.tenant), id, digest}).first;
  ++held_by_[at->second.tenant];
  return at;
}

void KeyIndex::SetEnd(Entries::iterator at, SteadyTime until) {
  ends_.erase({at->second.until, at->first});
  at->second.until = until;
  if (until != SteadyTime::max()) ends_.emplace(until, at->first);
}

void KeyIndex::Erase(Entries::iterator at) {
  ends_.erase({at->second.until, at->first});
  const auto held = held_by_.find(at->second.tenant);
  if (--held->second == 0) held_by_.erase(held);
  entries_.erase(at);
}

void KeyIndex::Sweep(SteadyTime now) {
  while (!ends_.empty() && ends_.begin()->first <= now) {
    Erase(entries_.find(ends_.begin()->second));
  }
}

PushResult KeyIndex::Take(const Name& name, const PayloadDigest& digest, const std::string& id,
                          const Engine::Pushed& first) {
  std::string existing;
  {
    const MutexLock lock(mu_);
    Sweep(SteadyClock::now());
    const auto at = entries_.find(TextOf(name));
    if (at == entries_.end()) {
      if (!HasRoomFor(name.tenant)) return PushResult::kManyKeys;
      Insert(name, digest, id);
      return PushResult::kAccepted;
    }
    Entry& entry = at->second;
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
    Erase(at);
  }
  for (const auto& follower : followers) follower({PushResult::kDown, {}});
}

void KeyIndex::HoldUntil(const Name& name, std::string_view id, SteadyTime until) {
  const MutexLock lock(mu_);
  const auto at = entries_.find(TextOf(name));
  if (at == entries_.end() || at->second.id != id) return;
  SetEnd(at, until);
}

void KeyIndex::Recover(const Name& name, const PayloadDigest& digest, const std::string& id,
                       SteadyTime until) {
  const MutexLock lock(mu_);
  if (entries_.contains(TextOf(name))) return;
  const auto at = Insert(name, digest, id);
  at->second.confirmed = true;
  SetEnd(at, until);
}

bool KeyIndex::Holds(const Name& name) const {
  const MutexLock lock(mu_);
  const auto at = entries_.find(TextOf(name));
  return at != entries_.end() && at->second.until > SteadyClock::now();
}

}  // namespace headrace
