#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "choices.h"
#include "engine/local/local_engine.h"
#include "model_store.h"

namespace headrace::model {

// What may happen in the runs that are explored, and how often.
struct Scenario {
  struct JobPlan {
    int key = -1;    // of its Idempotency-Key; -1: none
    int digest = 0;  // of its work
    bool large = false;
  };
  std::vector<JobPlan> jobs;  // pushed in this order
  std::size_t depth = 8;      // actions that are chosen; then all goes well until nothing is left
  std::size_t capacity = 1;
  std::uint32_t max_attempts = 2;
  int crashes = 0;
  int failures = 0;     // of writes
  int cancels = 0;      // by clients
  int preemptions = 0;  // actions of others in the middle of one
  bool fails = false;   // attempts may fail for good
  bool retries = false;
  bool releases = false;
  bool drops = false;      // results are dropped by clients
  bool expires = false;    // deadlines may pass
  bool late = false;       // calls of attempts that are over
  bool hesitates = false;  // a worker may know its outcome some time before it says so
  ModelStore::Fault fault = ModelStore::Fault::kNone;
};

// One run of an engine with its store, its clients and its workers, over several processes' lives.
// Everything that may come in another order is chosen. After each step, and at the end, what the
// engine promises is compared with what was told and with what the disk has.
class World {
 public:
  World(const Scenario& scenario, Choices& choices);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Does `depth` chosen actions. False: `prune` said so before the end.
  template <class Prune>
  bool Explore(Prune prune) {
    for (; left_ > 0 && wrong_.empty(); --left_) {
      if (choices_.Fresh() && prune(StateText(), left_)) return false;
      const std::vector<Action> enabled = Enabled();
      if (enabled.empty()) break;
      Do(enabled[choices_.Choose(enabled.size())]);
      if (wrong_.empty()) CheckStep();
    }
    return true;
  }
  // From now on everything is fair: all writes succeed, whatever waits is done.
  void Conclude();
  // What went against the promises, and the actions that led to it; empty: nothing.
  [[nodiscard]] std::string Wrong() const;

 private:
  enum class Kind {
    kPush,
    kClaim,
    kSucceed,
    kFail,
    kJudge,
    kRetry,
    kRelease,
    kLate,
    kCancel,
    kDrop,
    kFire,
    kCommit,
    kFailWrite,
    kCrash
  };
  struct Action {
    Kind kind;
    std::size_t which;
  };
  struct Job {
    std::string id;
    std::shared_ptr<QueuedJob> pushed;  // null: not yet
    std::optional<PushAnswer> answer;
    bool answer_lost = false;  // by a crash
    bool acknowledged = false;
    bool freed = false;  // somebody may have its key from now on
    bool cancel_asked = false;
    bool drop_asked = false;
    std::optional<JobState> told;     // its end, as somebody heard it
    std::optional<JobState> ends_as;  // its end that was settled, but could not be saved yet
    int ends = 0;                     // how often the engine told it
  };
  struct Worker {
    JobPtr job;
    std::optional<JobState> judged;
    bool busy = false;  // in a call
    JobPtr lost;        // an attempt that it gave back
  };

  void Start();
  [[nodiscard]] std::vector<Action> Enabled() const;
  void EnableWorkers(std::vector<Action>& enabled) const;
  void EnableClients(std::vector<Action>& enabled) const;
  void EnableWorld(std::vector<Action>& enabled) const;
  void Do(Action action);
  void DoForWorker(Action action);
  void Preempt();
  void Push(std::size_t which);
  void Claim(Worker& worker);
  void Finish(Worker& worker, JobState state);
  void Late(Worker& worker);
  void Cancel(std::size_t which);
  void Drop(std::size_t which);
  void Fire(std::size_t which);
  void Crash();

  [[nodiscard]] std::size_t IndexOf(const std::string& id) const;
  [[nodiscard]] std::string StateText() const;
  void OnPushed(std::size_t which, const PushAnswer& answer);
  void OnEnd(std::size_t which, JobState state);
  void CheckEnded(std::size_t which, JobState state);
  void Tell(Job& job, JobState state);
  void CheckStep();
  void CheckRunning();
  void CheckDisk(const std::string& id);
  void CheckEnd();
  void CheckKeys();
  void Blame(const std::string& what);

  const Scenario scenario_;
  Choices& choices_;
  std::size_t left_;
  int crashes_;
  int failures_;
  int cancels_;
  int preemptions_;
  bool exploring_ = true;
  bool nested_ = false;
  std::string wrong_;
  std::vector<Action> trace_;

  std::vector<Job> jobs_;
  std::vector<Worker> workers_{2};
  Disk disk_;
  ModelStore* store_ = nullptr;  // the engine's
  std::unique_ptr<LocalEngine> engine_;
};

}  // namespace headrace::model
