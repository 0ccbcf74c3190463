#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/sync.h"
#include "base/timer.h"
#include "engine/engine.h"
#include "engine/job_store.h"
#include "engine/local/key_index.h"
#include "queue/bounded_queue.h"

namespace headrace {

// The engine of one process: places, order and running jobs are in its memory, where they are exact
// and quick; kept jobs are in its store as well, and come back from it after a restart. One lock
// per queue; a job is found by the number of its queue in its id.
class LocalEngine : public Engine {
 public:
  struct Options {
    std::vector<QueueOptions> queues;  // at most kMaxQueues; QueueIndex is the position
    std::size_t max_keys = 100'000;    // Idempotency-Keys that are held at once
  };

  // `store` is empty: Start reads it.
  LocalEngine(Options options, std::unique_ptr<JobStore> store);
  ~LocalEngine() override;

  // Takes over what earlier processes left. Before every other call; blocks. An error says what to
  // do. Deliveries that are due are handed to the caller.
  Expected<std::vector<PendingDelivery>> Start();

  [[nodiscard]] std::size_t TagOf(QueueIndex queue) const override { return tags_.at(queue); }
  [[nodiscard]] std::optional<QueueIndex> QueueOf(std::string_view id) const override;
  void Push(JobPtr job, Pushed done) override;
  bool WaitForWork(QueueIndex queue) override;
  std::optional<JobPtr> Claim(QueueIndex queue) override;
  void Finish(std::string_view id, std::uint32_t attempt, const Outcome& outcome,
              Ended done) override;
  bool Release(std::string_view id, std::uint32_t attempt) override;
  bool Retry(std::string_view id, std::uint32_t attempt, SteadyTime not_before,
             const Error& error) override;
  void Cancel(std::string_view id, CancelReason reason, const Outcome& outcome,
              Cancelled done) override;
  void Get(std::string_view id, const PartBytes& bytes, Found found) override;
  void List(const RecordFilter& filter, Listed listed) override;
  void DropResult(std::string_view id, Done done) override;
  [[nodiscard]] QueueFigures Figures(QueueIndex queue) const override;
  [[nodiscard]] std::vector<JobPtr> Unfinished() const override;
  [[nodiscard]] Durability durability() const override { return durability_; }
  [[nodiscard]] std::string Healthy() const override { return store_->Healthy(); }
  [[nodiscard]] std::uint64_t Errors() const override { return store_->Errors(); }
  [[nodiscard]] bool HoldsKey(QueueIndex queue, std::string_view tenant,
                              std::string_view key) const override;
  [[nodiscard]] std::size_t WaitingOf(QueueIndex queue, std::string_view tenant) const override {
    return queues_.at(queue)->WaitingOf(tenant);
  }
  void OnEnded(Told told) override;
  void StopClaims() override;
  void Stop() override;
  void Close() override;

  // A reload: capacity, workers, times and attempts from now on; the names are as they were. Where
  // fewer jobs may be than there are, those stay and the next ones are refused.
  void Reload(const std::vector<QueueOptions>& queues);
  // So many calls of WaitForWork for this queue, if not of now then later ones, return true though
  // no job waits.
  void Wake(QueueIndex queue, std::size_t waiters) { queues_.at(queue)->Wake(waiters); }

  // Calls `due` with the id of every job that has ended, and is saved, and has a webhook. Before
  // Start; null: nobody any more.
  void OnDelivery(std::function<void(const std::string& id)> due);
  // Where deliveries of webhooks are kept. Lives as long as the engine.
  [[nodiscard]] JobStore& store() { return *store_; }

 private:
  // What a reload changes of QueueOptions; each is read by itself.
  struct Terms {
    explicit Terms(const QueueOptions& options) { Set(options); }
    void Set(const QueueOptions& options);
    std::atomic<std::size_t> capacity{0};
    std::atomic<std::chrono::milliseconds> result_ttl{};
    std::atomic<std::chrono::milliseconds> run_timeout{};
    std::atomic<std::uint32_t> max_attempts{0};
  };

  // The four final states, in the order in which they are counted.
  static constexpr std::size_t kFinalStates = 4;
  using Queue = BoundedQueue<JobPtr, kFinalStates>;

  static PushResult ResultOf(Queue::Pushed pushed);
  // The position of a final state in the counts.
  static std::size_t Ending(JobState state);
  [[nodiscard]] Queue* Find(std::string_view id) const;
  [[nodiscard]] std::optional<JobStatus> FindUnfinished(std::string_view id) const;
  void Keep(const JobPtr& job, Pushed done);
  void OnInserted(const JobPtr& job, const Status& inserted, const Pushed& done);
  void RecoverAll(const std::vector<KeptJob>& unfinished);
  void Recover(const KeptJob& kept, QueueIndex index);
  std::optional<JobPtr> Begin(const JobPtr& job);
  bool PutOff(const JobPtr& job);
  void OnNoPayload(const JobPtr& job, const Error& error);
  void Arm(const JobPtr& job);
  void Disarm(const std::string& id);
  void Tell(const JobPtr& job, const Outcome& outcome);
  void End(const JobPtr& job, const Outcome& outcome, std::function<void()> done,
           std::function<void()> unsaved = nullptr);
  void EndCancelled(const JobPtr& job, const Outcome& outcome, CancelResult result,
                    const Cancelled& done);
  void TellDelivery(const std::string& id);
  void Save(const std::string& id, const JobEnd& end, std::function<void()> done,
            std::function<void()> unsaved);
  void AwaitEnd(const std::string& id, std::function<void(const Outcome&)> saved);
  [[nodiscard]] bool LeftToStore(const QueuedJob& job) const;
  [[nodiscard]] KeyIndex::Name KeyOf(const QueuedJob& job) const;

  std::vector<std::string> names_;             // constant
  std::vector<std::unique_ptr<Terms>> terms_;  // one per queue
  std::atomic<bool> stopped_{false};           // the store is not to be asked any more
  const Durability durability_;
  std::vector<std::unique_ptr<Queue>> queues_;
  std::vector<std::size_t> tags_;                             // constant after Start
  std::unordered_map<std::size_t, QueueIndex> queue_of_tag_;  // the same
  KeyIndex keys_;

  Mutex mu_;
  std::unordered_map<std::string, Timer::Ticket> expiries_ GUARDED_BY(mu_);  // of kept jobs
  Told told_ GUARDED_BY(mu_);
  std::function<void(const std::string& id)> due_ GUARDED_BY(mu_);

  std::unique_ptr<JobStore> store_;
  Timer timer_;  // its callbacks use all above
};

}  // namespace headrace
