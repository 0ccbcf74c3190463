#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/sync.h"
#include "base/timer.h"
#include "service/job_service.h"

namespace headrace {

// Who waits for which job. Taking a waiter out is the right to answer it: the first taker answers,
// the others find nothing, so each is answered exactly once. Thread-safe; sharded by job.
class Waiters {
 public:
  struct Entry {
    std::shared_ptr<Waiter> waiter;
    Timer::Ticket deadline;
  };

  void Put(const std::string& id, Entry entry);
  std::optional<Entry> Take(std::string_view id);
  // Notes the deadline's ticket; false if the waiter has been taken already.
  bool SetDeadline(std::string_view id, const Timer::Ticket& ticket);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Shard {
    Mutex mu;
    std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries GUARDED_BY(mu);
  };
  static constexpr std::size_t kShards = 16;

  Shard& ShardOf(std::string_view id) { return shards_[Hash{}(id) % kShards]; }

  std::array<Shard, kShards> shards_;
};

}  // namespace headrace
