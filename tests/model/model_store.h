#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/job_store.h"

namespace headrace::model {

// What a crash leaves: records by their jobs' ids, and the order in which they were asked for.
struct Disk {
  std::map<std::string, JobRecord> records;
  std::map<std::string, Payload> payloads;
  std::map<std::uint64_t, std::string> order;
  std::uint64_t next_number = 0;
};

// A store in which nothing happens by itself: each write waits until the test has it committed, has
// it fail, or crashes, when it may be on the disk or not. Writes about one job are applied in the
// order of their calls, those of different jobs in any. Not thread-safe.
class ModelStore final : public JobStore {
 public:
  // How a store may be at fault, to see that it is found.
  enum class Fault {
    kNone,
    kTellsTooEarly,  // Insert is done before it is on the disk
    kForgetsEnds,    // an End is told, and not on the disk
    kDoubles,        // Recover gives the last unfinished job twice
  };
  // `disk` outlives the store. `on_call` is called at the beginning of each write and load: another
  // thread may be faster than the one that calls.
  ModelStore(Disk& disk, Fault fault, std::function<void()> on_call)
      : disk_(disk), fault_(fault), on_call_(std::move(on_call)) {}

  Expected<Recovered> Recover(const std::vector<std::string>& queues) override;
  void Insert(const KeptJob& job, const Payload& payload, Done done) override;
  void Begin(std::string_view id, std::uint32_t attempt, UtcTime started) override;
  void Return(std::string_view id, std::uint32_t attempt, SteadyTime not_before,
              const std::optional<Error>& error, Done done) override;
  void End(std::string_view id, const JobEnd& end, Done done) override;
  void DropResult(std::string_view id, Done done) override;
  void Load(std::string_view id, const PartBytes& bytes, Found found) override;
  void List(const RecordFilter& filter, Listed listed) override;
  Expected<Payload> LoadPayload(std::string_view id) override;
  void SetDelivery(const std::string& id, const std::optional<PendingDelivery>& next,
                   Done done) override;
  [[nodiscard]] Durability durability() const override { return Durability::kDisk; }
  [[nodiscard]] std::string Healthy() const override { return {}; }
  [[nodiscard]] std::uint64_t Errors() const override { return 0; }

  // Writes and loads that are to come, the first one of each job.
  [[nodiscard]] std::vector<std::size_t> Next() const;
  // Applies one of these and tells it.
  void Commit(std::size_t which);
  // Does not, and tells that.
  void Fail(std::size_t which);
  [[nodiscard]] bool CanFail(std::size_t which) const { return pending_[which].done != nullptr; }
  // The process is gone: no callback comes any more. `lands` says of each pending write whether it
  // has reached the disk nevertheless, which it cannot if one before it about its job has not.
  void Crash(const std::function<bool()>& lands);
  [[nodiscard]] std::size_t Pending() const { return pending_.size(); }
  // One letter for each, with its job's id.
  [[nodiscard]] std::vector<std::pair<char, std::string>> Describe() const;

 private:
  struct Write {
    char kind;
    std::string id;
    std::function<void()> apply;
    Done done;                   // null: nobody waits for it
    std::function<void()> then;  // of a load
  };
  void Add(Write write);
  [[nodiscard]] JobRecord* FindUnfinished(const std::string& id);

  Disk& disk_;
  const Fault fault_;
  const std::function<void()> on_call_;
  std::deque<Write> pending_;
  bool crashed_ = false;
};

}  // namespace headrace::model
