#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>

#include "base/deadline.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/sync.h"
#include "handler/executor_figures.h"
#include "handler/pool/executor_process.h"
#include "handler/pool/spawn_queue.h"
#include "handler/pool/zygote.h"

namespace headrace {

// The executors of one queue that have no job: those that wait for another one, those that were
// forked ahead, and the zygote that makes them. Made and destroyed on the main thread, like a
// Zygote; the rest is thread-safe.
//
// Persistent executors (keepers whose programs hold a model from one job to the next) are costly:
// with those at work there are never more than workers, each lost one is replaced at once, and one
// that ends while it waits is found and replaced without a job; where that happens often, later
// each time. None is lost to a job that is cancelled before it could begin. At the end all are
// asked to end together.
class ExecutorStock final : public SpawnQueue::Client {
 public:
  struct Options {
    std::size_t workers = 1;  // jobs at once; so many executors wait, forked ahead
    bool persistent = false;
    bool held = false;  // nothing is forked ahead before Open
  };

  // Each adds what it needs to `zygote`; `spawn_queue` and `counters` outlive the stock.
  ExecutorStock(Options options, ZygoteOptions zygote, SpawnQueue& spawn_queue,
                ExecutorCounters& counters);
  ~ExecutorStock() override;

  // What one worker has for one job: at most one executor at a time. It lives until that one has
  // ended or is kept. Used by one thread; the stock outlives it.
  class Claim {
   public:
    explicit Claim(ExecutorStock& stock) : stock_(stock) {}
    ~Claim();
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

    // One that waits for its next job, else a new one; see Zygote::Take. A persistent one has
    // something to say: its hello, or why there is none.
    Expected<std::optional<ExecutorProcess>> Take(Deadline deadline, int cancel_fd);
    // The executor waits for its next job, or ends if there are enough.
    void Keep(ExecutorProcess executor);

   private:
    Expected<std::optional<ExecutorProcess>> TakeAny(Deadline deadline, int cancel_fd);
    void SetReady(bool ready);

    ExecutorStock& stock_;
    // In claims_. An executor is counted there or is in idle_, never both: it would look like one
    // too many, and be dismissed.
    bool counted_ = false;
    bool seeking_ = false;  // counted in seekers_
    bool ready_ = false;    // counted in ready_at_work_
  };

  // A new one beyond those of the workers, if it is there or is forked within 20 ms.
  std::optional<ExecutorProcess> TakeSpare();
  // From now on executors are forked ahead.
  void Open();
  // From now on so many are enough; those that are too many end, now or when they have no job.
  // Main thread.
  void SetWorkers(std::size_t workers);
  // Has new ones forked. Call it while the taken one works.
  void TopUp();

  struct Loss {
    pid_t pid = 0;
    std::uint32_t jobs = 0;  // that it has done
    std::string reason;
  };
  // An executor could not take a job and has ended; the last one could.
  void OnUnfit(const Loss& loss, const ProcessEnd& end);
  void OnFit();

  // Warm; and where executors are persistent, one of them waits for a job, or waited for the one
  // that it does.
  [[nodiscard]] bool Ready() const;
  [[nodiscard]] bool Healthy() const;
  [[nodiscard]] std::string LastError() const;
  [[nodiscard]] ExecutorTrouble Trouble() const;
  [[nodiscard]] pid_t ZygotePid() const { return zygote_.pid(); }

  // Looks after persistent executors; after others while they are unfit: jobs alone would tell when
  // that is over, and an unhealthy service may get none.
  void OnEvent() override;
  [[nodiscard]] bool Settled() const override { return true; }

 private:
  std::optional<ExecutorProcess> TakeIdle() REQUIRES(mu_);
  std::list<ExecutorProcess> TakeDead() REQUIRES(mu_);
  std::list<ExecutorProcess> TakeSurplus() REQUIRES(mu_);
  void Dismiss(std::list<ExecutorProcess> surplus);
  void Bury(ExecutorProcess executor);
  [[nodiscard]] bool HasReadyIdle() const REQUIRES(mu_);

  const Options options_;
  const std::string name_;
  SpawnQueue& spawn_queue_;
  ExecutorCounters& counters_;
  UniqueFd timer_;                        // runs while somebody is to be looked after
  std::list<ExecutorProcess> dismissed_;  // that were asked to end; main thread only

  mutable Mutex mu_;
  std::size_t workers_ GUARDED_BY(mu_);
  bool held_ GUARDED_BY(mu_);
  std::size_t claims_ GUARDED_BY(mu_) = 0;         // that have an executor, or wait for one
  std::size_t seekers_ GUARDED_BY(mu_) = 0;        // claims that wait for the zygote's next one
  std::size_t ready_at_work_ GUARDED_BY(mu_) = 0;  // claims whose executor was ready before
  std::list<ExecutorProcess> idle_ GUARDED_BY(mu_);
  std::string unfit_ GUARDED_BY(mu_);      // why the last one could not take a job; empty: it could
  int failures_ GUARDED_BY(mu_) = 0;       // that came soon after one another
  SteadyTime next_start_ GUARDED_BY(mu_);  // of a persistent one, without a job that needs it

  Zygote zygote_;  // last: it calls TopUp
};

}  // namespace headrace
