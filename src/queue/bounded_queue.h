#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "base/sync.h"

namespace headrace {

// Bounded FIFO between intake and workers. It counts places: an item holds one from TryPush until
// it ends, whether it waits or runs. Thread-safe; never blocks a producer. Items end in one of
// `kEndings` ways, which are only counted here. After Close(): TryPush refuses, Claim drains what
// is left, then WaitForWork returns false.
template <class Item, std::size_t kEndings>
class BoundedQueue {
 public:
  enum class Pushed { kAccepted, kFull, kClosed };
  enum class Place { kNone, kWaiting, kRunning };

  // Copied together under the lock: accepted == sum of ended + waiting + running.
  struct Counts {
    std::size_t waiting = 0;
    std::size_t running = 0;
    std::size_t waiting_bytes = 0;
    Seconds oldest_age{0};
    std::uint64_t accepted = 0;
    std::array<std::uint64_t, kEndings> ended{};
  };

  // `places` >= 1: the most items that are unfinished at once.
  explicit BoundedQueue(std::size_t places) : places_(places) {}
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  // `id` names the item until it ends; `bytes` is what it weighs in the figures.
  Pushed TryPush(const std::string& id, Item item, std::size_t bytes) EXCLUDES(mu_) {
    bool wake = false;
    {
      const MutexLock lock(mu_);
      if (closed_) return Pushed::kClosed;
      if (entries_.size() >= places_) return Pushed::kFull;
      auto [entry, fresh] = entries_.try_emplace(id, Entry{std::move(item), bytes, {}, {}, false});
      if (!fresh) return Pushed::kFull;  // ids are unique by construction
      entry->second.since = SteadyClock::now();
      entry->second.position = waiting_.insert(waiting_.end(), &*entry);
      waiting_bytes_ += bytes;
      ++accepted_;
      wake = idle_waiters_ > 0;
    }
    if (wake) ready_.NotifyOne();
    return Pushed::kAccepted;
  }

  // Blocks until an item waits (true) or the queue is closed and none waits (false).
  bool WaitForWork() EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    while (waiting_.empty() && !closed_) {
      ++idle_waiters_;
      ready_.Wait(mu_);
      --idle_waiters_;
    }
    return !waiting_.empty();
  }

  // The oldest waiting item, which runs from now on.
  std::optional<Item> Claim() EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    if (waiting_.empty()) return std::nullopt;
    Entry& entry = waiting_.front()->second;
    Leave(entry);
    entry.running = true;
    return entry.item;
  }

  // Ends a running item if `accept(item)` holds; frees its place.
  template <class Accept>
  bool Finish(std::string_view id, std::size_t ending, Accept accept) EXCLUDES(mu_) {
    typename Entries::node_type gone;  // destroyed outside the lock
    const MutexLock lock(mu_);
    const auto at = entries_.find(id);
    if (at == entries_.end() || !at->second.running || !accept(at->second.item)) return false;
    gone = entries_.extract(at);
    ++ended_[ending];
    return true;
  }

  // Gives a running item back to the head of the queue.
  template <class Accept>
  bool Release(std::string_view id, Accept accept) EXCLUDES(mu_) {
    bool wake = false;
    {
      const MutexLock lock(mu_);
      const auto at = entries_.find(id);
      if (at == entries_.end() || !at->second.running || !accept(at->second.item)) return false;
      at->second.running = false;
      at->second.position = waiting_.insert(waiting_.begin(), &*at);
      waiting_bytes_ += at->second.bytes;
      wake = idle_waiters_ > 0;
    }
    if (wake) ready_.NotifyOne();
    return true;
  }

  // Takes a waiting item out, ended as `ending`. Tells where the item was; a running one stays.
  Place Remove(std::string_view id, std::size_t ending) EXCLUDES(mu_) {
    typename Entries::node_type gone;  // destroyed outside the lock
    const MutexLock lock(mu_);
    const auto at = entries_.find(id);
    if (at == entries_.end()) return Place::kNone;
    if (at->second.running) return Place::kRunning;
    Leave(at->second);
    gone = entries_.extract(at);
    ++ended_[ending];
    return Place::kWaiting;
  }

  // The item and whether it runs.
  std::optional<std::pair<Item, bool>> Find(std::string_view id) const EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    const auto at = entries_.find(id);
    if (at == entries_.end()) return std::nullopt;
    return std::pair(at->second.item, at->second.running);
  }

  [[nodiscard]] Counts Figures() const EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    Counts counts;
    counts.waiting = waiting_.size();
    counts.running = entries_.size() - waiting_.size();
    counts.waiting_bytes = waiting_bytes_;
    counts.accepted = accepted_;
    counts.ended = ended_;
    if (!waiting_.empty()) counts.oldest_age = SteadyClock::now() - waiting_.front()->second.since;
    return counts;
  }

  [[nodiscard]] std::vector<std::string> Ids() const EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    std::vector<std::string> ids;
    ids.reserve(entries_.size());
    for (const auto& [id, entry] : entries_) ids.push_back(id);
    return ids;
  }

  void Close() EXCLUDES(mu_) {
    {
      const MutexLock lock(mu_);
      closed_ = true;
    }
    ready_.NotifyAll();
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Entry;
  using Entries = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;
  using Waiting = std::list<typename Entries::value_type*>;
  struct Entry {
    Item item;
    std::size_t bytes = 0;
    SteadyTime since;
    typename Waiting::iterator position;  // valid while it waits
    bool running = false;
  };

  void Leave(Entry& entry) REQUIRES(mu_) {
    waiting_.erase(entry.position);
    waiting_bytes_ -= entry.bytes;
  }

  const std::size_t places_;

  mutable Mutex mu_;
  CondVar ready_;
  Entries entries_ GUARDED_BY(mu_);
  Waiting waiting_ GUARDED_BY(mu_);
  std::size_t waiting_bytes_ GUARDED_BY(mu_) = 0;
  std::size_t idle_waiters_ GUARDED_BY(mu_) = 0;
  std::uint64_t accepted_ GUARDED_BY(mu_) = 0;
  std::array<std::uint64_t, kEndings> ended_ GUARDED_BY(mu_){};
  bool closed_ GUARDED_BY(mu_) = false;
};

}  // namespace headrace
