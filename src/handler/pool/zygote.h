#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/sync.h"
#include "handler/executor_figures.h"
#include "handler/pool/spawn_queue.h"
#include "handler/pool/zygote_process.h"

namespace headrace {

struct ZygoteOptions {
  std::string name;                                            // of the queue, for the log
  std::string binary;                                          // path of the executor binary
  std::vector<std::string> arguments = {};                     // appended to its command line
  ExecutorLimits limits;                                       // of each executor
  std::optional<std::chrono::milliseconds> keeper_grace = {};  // the executors are keepers
  std::chrono::milliseconds warm_timeout{30'000};
  // Called on the main thread whenever a zygote has become warm: it may be topped up.
  std::function<void()> on_warm = {};
};

// Keeps one zygote alive: starts it, starts it again when it dies, at first at once or after 100
// ms, then after twice as long each time, up to 10 s. Made and destroyed on the main thread, as are
// the events of the SpawnQueue (which outlives this); Take, TryTake, TopUp and the
// questions are thread-safe.
class Zygote final : public SpawnQueue::Client {
 public:
  Zygote(ZygoteOptions options, SpawnQueue& spawn_queue, ExecutorCounters& counters);
  ~Zygote() override;

  // An executor of this zygote's; waits for one until the deadline, or until `cancel_fd` is
  // readable: then nothing. An error (503) if the zygote could not be started three times in a row,
  // or if it cannot fork, or no descriptor is left, at three looks.
  Expected<std::optional<ExecutorProcess>> Take(Deadline deadline, int cancel_fd);

  // The same without waiting, and without asking for one to be forked.
  std::optional<ExecutorProcess> TryTake();

  // Has executors forked until so many wait for a job. Call it when there is time: while a taken
  // one works.
  void TopUp(std::size_t ahead);

  // True while the zygote is warm.
  [[nodiscard]] bool Ready() const;
  // False from a failed start to the next good one.
  [[nodiscard]] bool Healthy() const;
  // Why the zygote ended last; empty if it never did.
  [[nodiscard]] std::string LastError() const;
  [[nodiscard]] ExecutorTrouble Trouble() const;
  // Process id of the zygote while it is warm, else 0.
  [[nodiscard]] pid_t pid() const;

  void OnEvent() override;
  [[nodiscard]] bool Settled() const override { return settled_; }

 private:
  void Start();
  void AwaitGreeting();
  void GoLive();
  // `by_itself`: the zygote has ended, so how it did is worth a word; else it is killed.
  void Fail(ExecutorTrouble trouble, const std::string& reason, bool by_itself = false);
  void ArmTimer(std::chrono::milliseconds after);
  // The live zygote; nothing while there is none. `broken` tells that none is to be hoped for.
  std::shared_ptr<ZygoteProcess> Live(bool& broken) const;
  // One look for an executor of this zygote's, without waiting.
  ZygoteProcess::Taken Look(const std::shared_ptr<ZygoteProcess>& process, ZygoteProcess::For whom);
  ZygoteProcess::Asked TopUp(ZygoteProcess& process, std::size_t ahead);
  [[nodiscard]] int NewsFd(const std::shared_ptr<ZygoteProcess>& process,
                           ZygoteProcess::TakeResult result) const;
  void Retire(const std::shared_ptr<ZygoteProcess>& process);
  [[nodiscard]] static Error Unavailable(std::string detail);

  const ZygoteOptions options_;
  SpawnQueue& spawn_queue_;
  ExecutorCounters& counters_;

  // Main thread only.
  UniqueFd timer_;
  std::shared_ptr<ZygoteProcess> process_;
  SteadyTime live_since_;
  SteadyTime warm_until_;
  bool greeted_ = false;
  bool settled_ = false;

  // Readable while a taker should look again: a zygote is live, or hope is lost.
  UniqueFd look_again_;
  mutable Mutex mu_;
  std::shared_ptr<ZygoteProcess> live_ GUARDED_BY(mu_);
  int failures_ GUARDED_BY(mu_) = 0;  // starts in a row that ended soon
  std::string last_error_ GUARDED_BY(mu_);
  ExecutorTrouble trouble_ GUARDED_BY(mu_) = ExecutorTrouble::kNone;  // last_error_ in a word
};

}  // namespace headrace
