#include "service/waiters.h"

#include <utility>

namespace headrace {

Waiters::Entries::iterator Waiters::Find(Entries& entries, std::string_view id,
                                         const Waiter* waiter) {
  auto [at, end] = entries.equal_range(id);
  while (at != end && at->second.waiter.get() != waiter) ++at;
  return at == end ? entries.end() : at;
}

void Waiters::Put(const std::string& id, Entry entry) {
  Shard& shard = ShardOf(id);
  const MutexLock lock(shard.mu);
  shard.entries.emplace(id, std::move(entry));
}

std::optional<Waiters::Taken> Waiters::Extract(Entries& entries, Entries::iterator at) {
  if (at == entries.end()) return std::nullopt;
  const auto node = entries.extract(at);
  return Taken{std::move(node.mapped()), entries.find(node.key()) == entries.end()};
}

std::optional<Waiters::Taken> Waiters::Take(std::string_view id, const Waiter* waiter) {
  Shard& shard = ShardOf(id);
  const MutexLock lock(shard.mu);
  return Extract(shard.entries, Find(shard.entries, id, waiter));
}

std::optional<Waiters::Taken> Waiters::Leave(std::string_view id, const Waiter* waiter) {
  Shard& shard = ShardOf(id);
  const MutexLock lock(shard.mu);
  auto taken = Extract(shard.entries, Find(shard.entries, id, waiter));
  if (taken && taken->EndsJob()) shard.ending.try_emplace(std::string(id));
  return taken;
}

void Waiters::Close(const std::string& id) {
  Shard& shard = ShardOf(id);
  const MutexLock lock(shard.mu);
  shard.ending.try_emplace(id);
}

bool Waiters::Join(const std::string& id, Entry entry, Otherwise otherwise) {
  Shard& shard = ShardOf(id);
  const MutexLock lock(shard.mu);
  if (const auto ending = shard.ending.find(id); ending != shard.ending.end()) {
    ending->second.push_back(std::move(otherwise));
    return false;
  }
  shard.entries.emplace(id, std::move(entry));
  return true;
}

std::vector<Waiters::Otherwise> Waiters::Ended(std::string_view id) {
  Shard& shard = ShardOf(id);
  const MutexLock lock(shard.mu);
  const auto ending = shard.ending.find(id);
  if (ending == shard.ending.end()) return {};
  return std::move(shard.ending.extract(ending).mapped());
}

std::optional<Waiters::Taken> Waiters::TakeAny(std::string_view id) {
  Shard& shard = ShardOf(id);
  const MutexLock lock(shard.mu);
  return Extract(shard.entries, shard.entries.find(id));
}

std::optional<Waiters::Entry> Waiters::TakeAcknowledged(std::string_view id, const Waiter* waiter) {
  Shard& shard = ShardOf(id);
  const MutexLock lock(shard.mu);
  const auto at = Find(shard.entries, id, waiter);
  if (at == shard.entries.end()) return std::nullopt;
  Entry entry = std::move(at->second);
  shard.entries.erase(at);
  const auto [begin, end] = shard.entries.equal_range(id);
  for (auto other = begin; other != end; ++other) other->second.acknowledged = true;
  return entry;
}

bool Waiters::SetDeadline(std::string_view id, const Waiter* waiter, const Timer::Ticket& ticket) {
  Shard& shard = ShardOf(id);
  const MutexLock lock(shard.mu);
  const auto at = Find(shard.entries, id, waiter);
  if (at == shard.entries.end()) return false;
  at->second.deadline = ticket;
  return true;
}

}  // namespace headrace
