#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/sync.h"
#include "base/timer.h"
#include "service/waiter.h"

namespace headrace {

// Who waits for which job. Taking a waiter out is the right to answer it: the first taker answers,
// the others find nothing, so each is answered exactly once. Thread-safe; sharded by job.
class Waiters {
 public:
  struct Entry {
    std::shared_ptr<Waiter> waiter;
    Timer::Ticket deadline{};
    bool acknowledged = false;  // the job goes on without it
    bool may_go_on = false;     // it may be told so
  };
  struct Taken {
    Entry entry;
    bool last = false;  // nobody else waits for the job
    [[nodiscard]] bool EndsJob() const { return last && !entry.acknowledged; }
  };
  using Otherwise = std::function<void()>;

  void Put(const std::string& id, Entry entry);
  std::optional<Taken> Take(std::string_view id, const Waiter* waiter);
  std::optional<Taken> TakeAny(std::string_view id);
  // As Take, of one who waits no longer. Where that ends the job, nobody joins it any more, until
  // Ended.
  std::optional<Taken> Leave(std::string_view id, const Waiter* waiter);
  // The job is being ended, whoever waits for it: nobody joins it any more, until Ended.
  void Close(const std::string& id);
  // Puts one who comes to the job of others. False: that is being ended, and Ended gives
  // `otherwise` back.
  bool Join(const std::string& id, Entry entry, Otherwise otherwise);
  // To be called when the job's Idempotency-Key is free.
  std::vector<Otherwise> Ended(std::string_view id);
  // Takes it out to tell it that the job goes on, which then holds for all who wait for the job.
  std::optional<Entry> TakeAcknowledged(std::string_view id, const Waiter* waiter);
  // Notes its deadline's ticket; false if it has been taken already.
  bool SetDeadline(std::string_view id, const Waiter* waiter, const Timer::Ticket& ticket);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Entries = std::unordered_multimap<std::string, Entry, Hash, std::equal_to<>>;
  struct Shard {
    Mutex mu;
    Entries entries GUARDED_BY(mu);
    // Jobs that are being ended, and what those do who came meanwhile.
    std::unordered_map<std::string, std::vector<Otherwise>, Hash, std::equal_to<>> ending
        GUARDED_BY(mu);
  };
  static constexpr std::size_t kShards = 16;

  static std::optional<Taken> Extract(Entries& entries, Entries::iterator at);
  static Entries::iterator Find(Entries& entries, std::string_view id, const Waiter* waiter);
  Shard& ShardOf(std::string_view id) { return shards_[Hash{}(id) % kShards]; }

  std::array<Shard, kShards> shards_;
};

}  // namespace headrace
