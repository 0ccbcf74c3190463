#include "service/waiters.h"

#include <utility>

namespace headrace {

void Waiters::Put(const std::string& id, Entry entry) {
  Shard& shard = ShardOf(id);
  const MutexLock lock(shard.mu);
  shard.entries.insert_or_assign(id, std::move(entry));
}

std::optional<Waiters::Entry> Waiters::Take(std::string_view id) {
  Shard& shard = ShardOf(id);
  const MutexLock lock(shard.mu);
  const auto at = shard.entries.find(id);
  if (at == shard.entries.end()) return std::nullopt;
  Entry entry = std::move(at->second);
  shard.entries.erase(at);
  return entry;
}

bool Waiters::SetDeadline(std::string_view id, const Timer::Ticket& ticket) {
  Shard& shard = ShardOf(id);
  const MutexLock lock(shard.mu);
  const auto at = shard.entries.find(id);
  if (at == shard.entries.end()) return false;
  at->second.deadline = ticket;
  return true;
}

}  // namespace headrace
