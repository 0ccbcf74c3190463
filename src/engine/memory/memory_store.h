#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ledger.h"
#include "base/sync.h"
#include "base/timer.h"
#include "engine/job_store.h"

namespace headrace {

// The default store: records in this process's memory, until their time is over. A restart loses
// all of them. Payloads and results stay where they lie; what a record weighs beside
// them is charged to the ledger as results. Callbacks come from within the call.
class MemoryStore final : public JobStore {
 public:
  // `ledger` outlives the store; null: nothing is charged.
  explicit MemoryStore(Ledger* ledger = nullptr) : ledger_(ledger) {}

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
  [[nodiscard]] Durability durability() const override { return Durability::kProcess; }
  [[nodiscard]] std::string Healthy() const override { return {}; }
  [[nodiscard]] std::uint64_t Errors() const override { return 0; }

 private:
  struct Entry {
    JobRecord record;
    Payload payload;  // shared with the engine's job, until the end
    Ledger::Charge charge;
    bool delivering = false;  // a webhook is still to be told
    bool over = false;        // its time is
  };
  using Entries = std::map<std::string, Entry, std::less<>>;     // ids sort by time
  using Records = std::map<std::string_view, const JobRecord*>;  // of entries, by their keys

  static const JobRecord& RecordOf(const Entry& entry) { return entry.record; }
  static const JobRecord& RecordOf(const JobRecord* record) { return *record; }
  template <class Index>
  static RecordPage NewestOf(const Index& index, const RecordFilter& filter);
  void End(Entry& entry, const JobEnd& end) REQUIRES(mu_);
  void Expire(const std::string& id) EXCLUDES(mu_);
  [[nodiscard]] RecordPage Newest(const RecordFilter& filter) const EXCLUDES(mu_);
  Entry* Find(std::string_view id) REQUIRES(mu_);

  Ledger* const ledger_;
  mutable Mutex mu_;
  Entries entries_ GUARDED_BY(mu_);
  // Of every tenant that has a name: a list looks at no other's.
  std::map<std::string, Records, std::less<>> by_tenant_ GUARDED_BY(mu_);
  Timer timer_;  // last: its callbacks use all above
};

}  // namespace headrace
