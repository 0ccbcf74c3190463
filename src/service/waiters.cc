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

std::optional<Waiters::Taken> Waiters::Take(std::string_view id, const Waiter* waiter) {
  Shard& shard = ShardOf(id);
  const MutexLock lock(shard.mu);
  const auto at = Find(shard.entries, id, waiter);
  if (at == shard.entries.end()) return std::nullopt;
  Taken taken{std::move(at->second)};
  shard.entries.erase(at);
  taken.last = shard.entries.find(id) == shard.entries.end();
  return taken;
}

std::vector<Waiters::Entry> Waiters::TakeAll(std::string_view id) {
  std::vector<Entry> taken;
  Shard& shard = ShardOf(id);
  const MutexLock lock(shard.mu);
  const auto [begin, end] = shard.entries.equal_range(id);
  for (auto at = begin; at != end; ++at) taken.push_back(std::move(at->second));
  shard.entries.erase(begin, end);
  return taken;
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
