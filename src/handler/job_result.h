#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/job_progress.h"
#include "base/outcome.h"
#include "handler/result_store.h"

namespace headrace {

// The result of one job, on which several executors may work: deals out the job's tasks, brings the
// parts into the order of the tasks, passes them on as soon as it is their turn, and holds all of
// them to the limit. What it has of the parts is accounted for in the store. Used by one thread.
class JobResult {
 public:
  // `on_part` takes the parts; null: they are kept for Take. `progress` outlives the result; null:
  // nobody watches.
  JobResult(std::uint64_t max_result, std::function<void(ResultPart)> on_part,
            const JobProgress* progress = nullptr, const ResultStore& store = {})
      : max_result_(max_result), on_part_(std::move(on_part)), progress_(progress), store_(store) {}
  JobResult(const JobResult&) = delete;
  JobResult& operator=(const JobResult&) = delete;

  // How many tasks there are, as each executor tells. False if they do not agree.
  [[nodiscard]] bool Announce(std::uint32_t tasks);
  // The first task that nobody has, whose it now is; nothing if all are dealt out.
  std::optional<std::uint32_t> NextTask();
  // Whether there are at least so many tasks that nobody has.
  [[nodiscard]] bool HasTasks(std::size_t count = 1) const {
    return tasks_.value_or(0) >= next_task_ + count;
  }
  // No part of this task, which was dealt out, will follow.
  void Complete(std::uint32_t task);

  // What an executor tells; where there are tasks, those that are complete count instead.
  void TellProgress(JobProgress::Steps steps) const;

  // Makes room for one more part. 502 "result-too-large" if that would be too much.
  Status Charge(std::uint64_t bytes);
  // For parts that are not complete.
  [[nodiscard]] const ResultStore& store() const { return store_; }
  // A part of that task, or one that is of none. May write it to the disk.
  void Add(std::optional<std::uint32_t> task, ResultPart part);

  std::vector<ResultPart> Take();  // those not passed on

 private:
  // A part that nobody has taken yet.
  struct Held {
    ResultPart part;
    Ledger::Charge charge;  // none if it lies in a file
  };

  void PassOn(Held held);

  const std::uint64_t max_result_;  // bytes, all parts together
  const std::function<void(ResultPart)> on_part_;
  const JobProgress* const progress_;
  const ResultStore store_;
  std::uint32_t completed_ = 0;  // tasks
  std::uint64_t total_ = 0;
  std::size_t count_ = 0;
  std::optional<std::uint32_t> tasks_;
  std::uint32_t next_task_ = 0;  // to be dealt out
  // Dealt out and not complete: a few of each executor, however many tasks there are.
  std::set<std::uint32_t> open_;
  std::uint32_t turn_ = 0;  // the task whose parts are passed on as they come
  std::map<std::uint32_t, std::vector<Held>> waiting_;  // of tasks behind it
  std::vector<Held> parts_;
};

}  // namespace headrace
