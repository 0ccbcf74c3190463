#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "base/sync.h"
#include "queue/waiting_line.h"

namespace headrace {

// Bounded line between intake and workers. It counts places: an item holds one from the push until
// it ends, whether it waits, is held back, or runs. Thread-safe; never blocks a producer. Items end
// in one of `kEndings` ways, which are only counted here. After Close(): pushes are refused, Claim
// drains what is left, then WaitForWork returns false.
template <class Item, std::size_t kEndings>
class BoundedQueue {
 public:
  enum class Pushed { kAccepted, kFull, kTenantFull, kClosed };
  enum class Stage { kHeld, kWaiting, kRunning };

  // Copied together under the lock: accepted + recovered == sum of ended + waiting + running.
  struct Counts {
    std::size_t waiting = 0;  // those held back for another try as well
    std::size_t running = 0;
    std::size_t waiting_bytes = 0;
    Seconds oldest_age{0};
    std::uint64_t accepted = 0;
    std::uint64_t recovered = 0;
    std::array<std::uint64_t, kEndings> ended{};
  };

  struct Found {
    Item item;
    Stage stage = Stage::kWaiting;
    std::size_t position = 0;  // of one that waits: how many are before it, about
    bool settled = false;      // how it ends is decided, though it runs
  };

  // What Finish did; true if it ended the item.
  struct Finished {
    bool ended = false;
    bool settled = false;  // as Remove had it, whatever Finish wanted
    explicit operator bool() const { return ended; }
  };

  struct Entry {
    Item item;
    std::size_t bytes = 0;
    LinePlace place;
    Stage stage = Stage::kWaiting;
    bool counted = true;                   // as accepted or recovered
    std::optional<std::size_t> settled{};  // of one that runs: how it will have ended
  };

  // `places` >= 1: the most items that are unfinished at once.
  explicit BoundedQueue(std::size_t places) : places_(places) {}
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  // `id` names the item until it ends; `bytes` is what it weighs in the figures; `place` says whose
  // it is and how urgent.
  Pushed TryPush(const std::string& id, Item item, std::size_t bytes, LinePlace place = {})
      EXCLUDES(mu_) {
    return Push(id, {std::move(item), bytes, std::move(place), Stage::kWaiting, true});
  }

  // The same, but it is held back, and is not counted, until Open.
  Pushed TryHold(const std::string& id, Item item, std::size_t bytes, LinePlace place = {})
      EXCLUDES(mu_) {
    return Push(id, {std::move(item), bytes, std::move(place), Stage::kHeld, false});
  }

  // Takes an item of an earlier process in, beyond the places too; `waits`, or is held back.
  void Recover(const std::string& id, Item item, std::size_t bytes, LinePlace place, bool waits)
      EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    const Stage stage = waits ? Stage::kWaiting : Stage::kHeld;
    Insert(id, {std::move(item), bytes, std::move(place), stage, true});
    ++recovered_;
  }

  // An item that is held back waits from now on; false if it is none.
  bool Open(std::string_view id) EXCLUDES(mu_) {
    bool wake = false;
    {
      const MutexLock lock(mu_);
      const auto at = entries_.find(id);
      if (at == entries_.end() || at->second.stage != Stage::kHeld) return false;
      Count(at->second);
      wake = Wait(at->second);
    }
    if (wake) ready_.NotifyOne();
    return true;
  }

  // Forgets an item that was held back and never opened, as if it had not come.
  void Forget(std::string_view id) EXCLUDES(mu_) {
    typename Entries::node_type gone;  // destroyed outside the lock
    const MutexLock lock(mu_);
    const auto at = entries_.find(id);
    if (at != entries_.end() && !at->second.counted) gone = Extract(at);
  }

  // Blocks until an item waits (true) or the queue is closed and none waits (false). True also
  // where Wake wants it: whoever claims then gets nothing.
  bool WaitForWork() EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    while (waiting_.empty() && !closed_ && wakes_ == 0) {
      ++idle_waiters_;
      ready_.Wait(mu_);
      --idle_waiters_;
    }
    if (!waiting_.empty()) return !claims_stopped_;
    if (closed_) return false;
    --wakes_;
    return true;
  }

  // So many calls of WaitForWork, those that wait now or later ones, return true without an item.
  void Wake(std::size_t waiters) EXCLUDES(mu_) {
    {
      const MutexLock lock(mu_);
      wakes_ += waiters;
    }
    ready_.NotifyAll();
  }

  // From now on so many items may be unfinished at once. Where there are more, they stay.
  void SetPlaces(std::size_t places) EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    places_ = places;
  }

  // The next waiting item, which runs from now on.
  std::optional<Item> Claim() EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    if (claims_stopped_) return std::nullopt;
    Entry* const next = waiting_.TakeNext(SteadyClock::now());
    if (next == nullptr) return std::nullopt;
    waiting_bytes_ -= next->bytes;
    next->stage = Stage::kRunning;
    ++running_;
    CountOut(next->place);
    return next->item;
  }

  // Another item in place of one that is there; false if it is not.
  bool Replace(std::string_view id, Item item) EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    const auto at = entries_.find(id);
    if (at == entries_.end()) return false;
    std::swap(at->second.item, item);
    return true;
  }

  // Ends a running item if `accept(item)` holds; frees its place.
  template <class Accept>
  Finished Finish(std::string_view id, std::size_t ending, Accept accept) EXCLUDES(mu_) {
    typename Entries::node_type gone;  // destroyed outside the lock
    const MutexLock lock(mu_);
    const auto at = FindRunning(id, accept);
    if (at == entries_.end()) return {};
    const std::optional<std::size_t> settled = at->second.settled;
    gone = Extract(at);
    ++ended_[settled.value_or(ending)];
    return {true, settled.has_value()};
  }

  // Gives a running item back to where it stood, as `item`; held back if it is to wait for Open.
  // False also for one whose end is settled: it is to be finished.
  template <class Accept>
  bool Return(std::string_view id, Item item, bool held, Accept accept) EXCLUDES(mu_) {
    bool wake = false;
    {
      const MutexLock lock(mu_);
      const auto at = FindRunning(id, accept);
      if (at == entries_.end() || at->second.settled) return false;
      --running_;
      CountIn(at->second.place);
      std::swap(at->second.item, item);
      at->second.stage = Stage::kHeld;
      if (!held) wake = Wait(at->second);
    }
    if (wake) ready_.NotifyOne();
    return true;
  }

  // Takes an item that waits or is held back out, ended as `ending`. Tells where it was; nothing:
  // nowhere, or its end was settled before. A running one stays; to `settle` it says that it ends
  // so whatever Finish, which must follow, has to say.
  std::optional<Stage> Remove(std::string_view id, std::size_t ending, bool settle = false)
      EXCLUDES(mu_) {
    typename Entries::node_type gone;  // destroyed outside the lock
    const MutexLock lock(mu_);
    const auto at = entries_.find(id);
    if (at == entries_.end()) return std::nullopt;
    const Stage stage = at->second.stage;
    if (at->second.settled) return std::nullopt;
    if (stage == Stage::kRunning) {
      if (settle) at->second.settled = ending;
      return stage;
    }
    Count(at->second);
    gone = Extract(at);
    ++ended_[ending];
    return stage;
  }

  std::optional<Found> Find(std::string_view id) const EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    const auto at = entries_.find(id);
    if (at == entries_.end()) return std::nullopt;
    const Entry& entry = at->second;
    switch (entry.stage) {
      case Stage::kRunning:
        return Found{entry.item, entry.stage, 0, entry.settled.has_value()};
      case Stage::kHeld:
        return Found{entry.item, entry.stage, waiting_.size(), false};
      case Stage::kWaiting:
        break;
    }
    return Found{entry.item, entry.stage, waiting_.Position(entry), false};
  }

  [[nodiscard]] Counts Figures() const EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    Counts counts;
    counts.running = running_;
    counts.waiting = entries_.size() - running_ - uncounted_;
    counts.waiting_bytes = waiting_bytes_;
    counts.accepted = accepted_;
    counts.recovered = recovered_;
    counts.ended = ended_;
    if (!waiting_.empty()) {
      const SteadyTime now = SteadyClock::now();
      counts.oldest_age = now - waiting_.Oldest(now);
    }
    return counts;
  }

  // How many of this tenant's items wait or are held back. Those of nobody are not counted: 0.
  [[nodiscard]] std::size_t WaitingOf(std::string_view tenant) const EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    const auto at = waiting_of_.find(tenant);
    return at == waiting_of_.end() ? 0 : at->second;
  }

  [[nodiscard]] std::vector<std::string> Ids() const EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    std::vector<std::string> ids;
    ids.reserve(entries_.size());
    for (const auto& [id, entry] : entries_) ids.push_back(id);
    return ids;
  }

  // Closes it, and nothing is claimed any more.
  void StopClaims() EXCLUDES(mu_) {
    {
      const MutexLock lock(mu_);
      claims_stopped_ = true;
    }
    Close();
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
  using Entries = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;
  using Counters = std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>>;

  Pushed Push(const std::string& id, Entry entry) EXCLUDES(mu_) {
    bool wake = false;
    {
      const MutexLock lock(mu_);
      if (closed_) return Pushed::kClosed;
      if (entries_.size() >= places_) return Pushed::kFull;
      if (entries_.contains(id)) return Pushed::kFull;  // ids are unique by construction
      if (!HasTurnsLeft(entry.place)) return Pushed::kTenantFull;
      if (entry.counted) ++accepted_;
      wake = Insert(id, std::move(entry));
    }
    if (wake) ready_.NotifyOne();
    return Pushed::kAccepted;
  }

  // Returns whether somebody is to be woken for it.
  bool Insert(const std::string& id, Entry&& entry) REQUIRES(mu_) {
    Entry& inserted = entries_.try_emplace(id, std::move(entry)).first->second;
    inserted.place.ticket = next_ticket_++;
    inserted.place.since = SteadyClock::now();
    if (!inserted.counted) ++uncounted_;
    CountIn(inserted.place);
    return inserted.stage == Stage::kWaiting && Wait(inserted);
  }

  // Whether one more of its tenant may wait.
  [[nodiscard]] bool HasTurnsLeft(const LinePlace& place) const REQUIRES(mu_) {
    if (place.most == 0) return true;
    const auto at = waiting_of_.find(place.tenant);
    return at == waiting_of_.end() || at->second < place.most;
  }

  void CountIn(const LinePlace& place) REQUIRES(mu_) {
    if (!place.tenant.empty()) ++waiting_of_[place.tenant];
  }
  void CountOut(const LinePlace& place) REQUIRES(mu_) {
    if (place.tenant.empty()) return;
    const auto at = waiting_of_.find(place.tenant);
    if (--at->second == 0) waiting_of_.erase(at);
  }

  bool Wait(Entry& entry) REQUIRES(mu_) {
    entry.stage = Stage::kWaiting;
    waiting_.Add(entry);
    waiting_bytes_ += entry.bytes;
    return idle_waiters_ > 0;
  }

  void Count(Entry& entry) REQUIRES(mu_) {
    if (std::exchange(entry.counted, true)) return;
    --uncounted_;
    ++accepted_;
  }

  typename Entries::node_type Extract(typename Entries::iterator at) REQUIRES(mu_) {
    Entry& entry = at->second;
    if (entry.stage == Stage::kRunning) {
      --running_;
    } else {
      CountOut(entry.place);
    }
    if (!entry.counted) --uncounted_;
    if (entry.stage == Stage::kWaiting) {
      waiting_.Remove(entry);
      waiting_bytes_ -= entry.bytes;
    }
    return entries_.extract(at);
  }

  template <class Accept>
  typename Entries::iterator FindRunning(std::string_view id, Accept accept) REQUIRES(mu_) {
    const auto at = entries_.find(id);
    const bool found = at != entries_.end() && at->second.stage == Stage::kRunning;
    return found && accept(at->second.item) ? at : entries_.end();
  }

  mutable Mutex mu_;
  std::size_t places_ GUARDED_BY(mu_);
  std::size_t wakes_ GUARDED_BY(mu_) = 0;  // calls of WaitForWork that return without an item
  CondVar ready_;
  Entries entries_ GUARDED_BY(mu_);
  WaitingLine<Entry> waiting_ GUARDED_BY(mu_);
  Counters waiting_of_ GUARDED_BY(mu_);  // of each tenant, those held back among them
  std::uint64_t next_ticket_ GUARDED_BY(mu_) = 0;
  std::size_t waiting_bytes_ GUARDED_BY(mu_) = 0;
  std::size_t running_ GUARDED_BY(mu_) = 0;
  std::size_t uncounted_ GUARDED_BY(mu_) = 0;
  std::size_t idle_waiters_ GUARDED_BY(mu_) = 0;
  std::uint64_t accepted_ GUARDED_BY(mu_) = 0;
  std::uint64_t recovered_ GUARDED_BY(mu_) = 0;
  std::array<std::uint64_t, kEndings> ended_ GUARDED_BY(mu_){};
  bool closed_ GUARDED_BY(mu_) = false;
  bool claims_stopped_ GUARDED_BY(mu_) = false;
};

}  // namespace headrace
