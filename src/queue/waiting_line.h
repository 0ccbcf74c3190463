#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <ext/pb_ds/assoc_container.hpp>
#include <ext/pb_ds/tree_policy.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/deadline.h"

namespace headrace {

// Urgencies of RFC 9218: 0 is served first.
inline constexpr int kUrgencies = 8;
// One that waits gains one urgency in so much time, so that none waits for ever.
inline constexpr Seconds kGainsUrgency{10};

// Who waits, for whom and since when.
struct LinePlace {
  std::string tenant;        // empty: none
  std::size_t most = 0;      // of its tenant that wait, it among them; 0: any number
  int urgency = 3;           // 0 to 7
  std::uint64_t ticket = 0;  // order of arrival; kept by one that comes back
  SteadyTime since;          // when it came
};

// Those who wait, and who of them is next: tenants take turns (start-time fair queueing, Goyal, Vin
// and Cheng 1996, each job at the same cost, each tenant at the same weight); among those of one
// tenant the most urgent is next, and among these the one that came first. It owns nothing; entries
// have a member `place`. Not thread-safe. Each call takes O(log n).
template <class Entry>
class WaitingLine {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  void Add(Entry& entry) {
    Tenant& tenant = Enter(entry.place.tenant);
    tenant.levels[Level(entry)].insert({entry.place.ticket, &entry});
    ++tenant.waiting;
    ++size_;
  }

  // Takes an entry that waits out.
  void Remove(Entry& entry) {
    Tenant& tenant = *tenants_.find(entry.place.tenant)->second;
    Leave(tenant, entry);
    if (tenant.waiting == 0) MoveTo(idle_, active_, tenant, tenant.tag);
  }

  // Takes the next one out; null if none waits.
  Entry* TakeNext(SteadyTime now) {
    if (empty()) return nullptr;
    Tenant& tenant = **active_.begin();
    Entry* const next = MostUrgent(tenant, now);
    time_ = tenant.tag;
    Leave(tenant, *next);
    // It has had its turn: whoever waits now comes before it.
    MoveTo(tenant.waiting == 0 ? idle_ : active_, active_, tenant, time_ + 1);
    while (!idle_.empty() && (*idle_.begin())->tag <= time_) Forget(**idle_.begin());
    return next;
  }

  // How many are served before one that waits, if nobody comes or goes: exact for one tenant
  // without urgencies, else an estimate.
  [[nodiscard]] std::size_t Position(const Entry& entry) const {
    const Tenant& own = *tenants_.find(entry.place.tenant)->second;
    const std::size_t level = Level(entry);
    std::size_t before = own.levels[level].order_of_key(entry.place.ticket);
    for (std::size_t higher = 0; higher < level; ++higher) before += own.levels[higher].size();
    std::size_t others = 0;
    for (const Tenant* tenant : active_) {
      if (tenant != &own) others += std::min(tenant->waiting, before + 1);
    }
    return before + others;
  }

  // When the one came that waits for longest; `now` if none waits.
  [[nodiscard]] SteadyTime Oldest(SteadyTime now) const {
    SteadyTime oldest = now;
    for (const Tenant* tenant : active_) {
      for (const auto& level : tenant->levels) {
        if (!level.empty()) oldest = std::min(oldest, level.begin()->second->place.since);
      }
    }
    return oldest;
  }

 private:
  using Entries = __gnu_pbds::tree<std::uint64_t, Entry*, std::less<>, __gnu_pbds::rb_tree_tag,
                                   __gnu_pbds::tree_order_statistics_node_update>;
  struct Tenant {
    std::string name;
    double tag = 0;  // turns that it has had, as the line's time counts them
    std::size_t waiting = 0;
    std::array<Entries, kUrgencies> levels{};
  };
  struct ByTag {
    bool operator()(const Tenant* a, const Tenant* b) const {
      return a->tag != b->tag ? a->tag < b->tag : a->name < b->name;
    }
  };
  using Tenants = std::set<Tenant*, ByTag>;

  static std::size_t Level(const Entry& entry) {
    return static_cast<std::size_t>(std::clamp(entry.place.urgency, 0, kUrgencies - 1));
  }

  // Without an allocation, for it happens twice for each job of a short line.
  static void MoveTo(Tenants& to, Tenants& from, Tenant& tenant, double tag) {
    auto node = from.extract(&tenant);
    tenant.tag = tag;
    to.insert(std::move(node));
  }

  // The tenant, which has somebody who waits from now on.
  Tenant& Enter(const std::string& name) {
    auto& owned = tenants_[name];
    if (!owned) {
      owned = std::make_unique<Tenant>();
      owned->name = name;
      owned->tag = time_;
      active_.insert(owned.get());
    } else if (owned->waiting == 0) {
      MoveTo(active_, idle_, *owned, std::max(owned->tag, time_));
    }
    return *owned;
  }

  void Leave(Tenant& tenant, const Entry& entry) {
    tenant.levels[Level(entry)].erase(entry.place.ticket);
    --tenant.waiting;
    --size_;
  }

  void Forget(Tenant& tenant) {
    idle_.erase(&tenant);
    tenants_.erase(tenant.name);
  }

  static Entry* MostUrgent(Tenant& tenant, SteadyTime now) {
    Entry* best = nullptr;
    int best_urgency = kUrgencies;
    for (int urgency = 0; urgency < kUrgencies; ++urgency) {
      auto& level = tenant.levels[static_cast<std::size_t>(urgency)];
      if (level.empty()) continue;
      Entry* const head = level.begin()->second;
      const int gained = static_cast<int>((now - head->place.since) / kGainsUrgency);
      const int aged = std::max(0, urgency - gained);
      const bool sooner = best != nullptr && head->place.ticket < best->place.ticket;
      if (aged < best_urgency || (aged == best_urgency && sooner)) {
        best = head;
        best_urgency = aged;
      }
    }
    return best;
  }

  std::unordered_map<std::string, std::unique_ptr<Tenant>> tenants_;
  Tenants active_;   // those who have somebody who waits
  Tenants idle_;     // others who had more than their share
  double time_ = 0;  // the tag of the turn that was taken last
  std::size_t size_ = 0;
};

}  // namespace headrace
