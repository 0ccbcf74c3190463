#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "base/idempotency_key.h"
#include "base/sync.h"
#include "engine/engine.h"

namespace headrace {

// Which job each Idempotency-Key has made, per tenant and queue. A key is held while its job is
// unfinished, and afterwards for as long as the outcome is kept, or until it is given free.
// Thread-safe; callbacks run outside the lock.
class KeyIndex {
 public:
  // Holds at most `most` keys. One tenant holds no more than it leaves to others, so half of them
  // if it is alone: whoever takes all that it can get keeps nobody else's first one out.
  explicit KeyIndex(std::size_t most) : most_(most) {}

  struct Name {
    std::string_view tenant;
    std::string_view queue;
    std::string_view key;
  };

  // What a job with this key is to do. kAccepted: it is the first one, `id` holds the key from now
  // on, and Confirm or Free must follow. kExisting: another job has it, whose id is told through
  // `first`, once that one is accepted itself (kDown if it is not). Else nothing was done.
  PushResult Take(const Name& name, const PayloadDigest& digest, const std::string& id,
                  const Engine::Pushed& first) EXCLUDES(mu_);

  // The job is accepted: tells those who came meanwhile, if the key is still this job's.
  void Confirm(const Name& name, std::string_view id) EXCLUDES(mu_);
  // The key may be used again, if it is this job's. Who came meanwhile is told kDown.
  void Free(const Name& name, std::string_view id) EXCLUDES(mu_);
  // The job has ended: the key is held until then.
  void HoldUntil(const Name& name, std::string_view id, SteadyTime until) EXCLUDES(mu_);
  // A key of an earlier process.
  void Recover(const Name& name, const PayloadDigest& digest, const std::string& id,
               SteadyTime until) EXCLUDES(mu_);

  [[nodiscard]] bool Holds(const Name& name) const EXCLUDES(mu_);

 private:
  struct Entry {
    std::string tenant;
    std::string id;
    PayloadDigest digest{};
    bool confirmed = false;
    SteadyTime until = SteadyTime::max();
    std::vector<Engine::Pushed> followers{};  // who came before it was confirmed
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  static std::string TextOf(const Name& name);
  [[nodiscard]] bool HasRoomFor(std::string_view tenant) const REQUIRES(mu_);
  Entries::iterator Insert(const Name& name, const PayloadDigest& digest, const std::string& id)
      REQUIRES(mu_);
  void SetEnd(Entries::iterator at, SteadyTime until) REQUIRES(mu_);
  void Erase(Entries::iterator at) REQUIRES(mu_);
  void Sweep(SteadyTime now) REQUIRES(mu_);

  const std::size_t most_;
  mutable Mutex mu_;
  Entries entries_ GUARDED_BY(mu_);
  // When those of ended jobs go; by the names in entries_.
  std::set<std::pair<SteadyTime, std::string_view>> ends_ GUARDED_BY(mu_);
  std::map<std::string, std::size_t, std::less<>> held_by_ GUARDED_BY(mu_);  // tenant -> keys
};

}  // namespace headrace
