#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "queue/bounded_queue.h"

namespace headrace {

// The default engine: queues in this process's memory. Jobs that have ended are forgotten at once,
// a restart loses everything. One lock per queue; a job is found by the queue index in its id.
class MemoryEngine final : public Engine {
 public:
  // At most kMaxQueues queues; QueueIndex is the position in `queues`.
  explicit MemoryEngine(const std::vector<QueueOptions>& queues);
  ~MemoryEngine() override;

  PushResult Push(JobPtr job) override;
  bool WaitForWork(QueueIndex queue) override;
  std::optional<JobPtr> Claim(QueueIndex queue) override;
  bool Finish(std::string_view id, std::uint32_t attempt, JobState outcome) override;
  bool Release(std::string_view id, std::uint32_t attempt) override;
  CancelResult Cancel(std::string_view id, CancelReason reason) override;
  [[nodiscard]] std::optional<JobStatus> Get(std::string_view id) const override;
  [[nodiscard]] QueueFigures Figures(QueueIndex queue) const override;
  [[nodiscard]] std::vector<std::string> Unfinished() const override;
  void Close() override;

 private:
  // The four final states, in the order in which they are counted.
  static constexpr std::size_t kFinalStates = 4;
  using Queue = BoundedQueue<JobPtr, kFinalStates>;

  [[nodiscard]] Queue* QueueOf(std::string_view id) const;

  std::vector<QueueOptions> options_;
  std::vector<std::unique_ptr<Queue>> queues_;
};

}  // namespace headrace
