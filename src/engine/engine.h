#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel_token.h"
#include "base/error.h"
#include "base/job_progress.h"
#include "base/outcome.h"
#include "base/queued_job.h"
#include "engine/job_store.h"
#include "engine/kept_job.h"

namespace headrace {

// What an engine must know of a queue.
struct QueueOptions {
  std::string name;
  std::size_t workers = 1;    // jobs that run at once
  std::size_t capacity = 64;  // jobs that wait beside them; the next one is refused
  std::chrono::milliseconds result_ttl{600'000};  // for which the outcome of a kept job is kept
  std::chrono::milliseconds run_timeout{60'000};  // of an attempt of a kept job
  std::uint32_t max_attempts = 2;                 // of a kept job, interrupted ones among them
};

enum class PushResult {
  kAccepted,
  kExisting,  // its Idempotency-Key was used for the same work: that is the job
  kConflict,  // its key was used for other work
  kFull,
  kTenantFull,  // as many of its tenant wait as may (QueuedJob::max_waiting)
  kManyKeys,    // as many keys as may be are held
  kClosed,
  kDown,  // the store does not work
};

struct PushAnswer {
  PushResult result = PushResult::kClosed;
  std::string id;  // of kAccepted and kExisting
};

// A queue's figures, copied together under the queue's lock: at every instant
// accepted + recovered == finished (all outcomes) + waiting + running.
struct QueueFigures {
  std::size_t waiting = 0;
  std::size_t running = 0;
  std::size_t capacity = 0;
  std::size_t waiting_bytes = 0;
  Seconds oldest_age{0};  // of the jobs that wait
  std::uint64_t accepted = 0;
  std::uint64_t recovered = 0;  // that an earlier process had accepted
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t expired = 0;
};

struct JobStatus {
  JobRecord record;
  bool kept = true;                            // else it is forgotten when its answer is written
  JobProgress::Steps steps;                    // of one that runs
  std::size_t position = 0;                    // of one that waits: how many are before it, about
  SteadyTime accepted_at = SteadyTime::min();  // of one that is unfinished
  SteadyTime waits_since = SteadyTime::min();  // as QueuedJob has it
};

// A page of a list, as RecordPage.
struct JobPage {
  std::vector<JobStatus> jobs;
  std::string next;
};

// What Cancel found.
enum class CancelResult {
  kUnknown,    // no such job, or it has ended
  kRemoved,    // it was waiting; its place is free, it will never run
  kSignalled,  // it is running; its token is cancelled, Finish will follow. The end of a kept one
               // is saved already, and stays as it is whatever Finish says
  kUnsaved,    // one of the last two, of a kept job that somebody deletes; its end stands, but
               // cannot be saved yet. OnEnded tells when it is, unless Finish does
};

// Keeps jobs between intake (`service`) and execution (`worker`), which meet only here. A place is
// a job's room in a queue: at most workers + capacity jobs of a queue are unfinished, counted under
// one lock whoever has claimed them. A kept job (QueuedJob::kept) outlives its connection, and, as
// durability() says, more; of others nothing is left once they have ended.
//
// Thread-safe. No call blocks but WaitForWork and, where a payload must be read back, Claim. What
// must reach a disk or a network first is told by a callback, which is called exactly once, from
// any thread, also from within the call.
class Engine {
 public:
  using Pushed = std::function<void(PushAnswer)>;
  using Ended = std::function<void(bool ended)>;
  using Cancelled = std::function<void(CancelResult)>;
  using Found = std::function<void(Expected<std::optional<JobStatus>>)>;
  using Listed = std::function<void(Expected<JobPage>)>;
  using Done = JobStore::Done;

  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  // The number that ids of this queue's jobs carry (base/job_id.h).
  [[nodiscard]] virtual std::size_t TagOf(QueueIndex queue) const = 0;
  // The queue of a job by its id; nothing: no queue has that number.
  [[nodiscard]] virtual std::optional<QueueIndex> QueueOf(std::string_view id) const = 0;

  // Takes the job if there is a place. With a key: the first job with it, if there is one. A kept
  // one is accepted once it would survive.
  virtual void Push(JobPtr job, Pushed done) = 0;

  // Blocks until the queue has a waiting job (true), or is closed and empty (false); true also when
  // woken up otherwise. It claims nothing: the caller takes a slot first, then claims.
  virtual bool WaitForWork(QueueIndex queue) = 0;

  // The next waiting job, now running; nothing if there is none (others may have been faster).
  // Another object than the one that was pushed, perhaps, with the same token.
  virtual std::optional<JobPtr> Claim(QueueIndex queue) = 0;

  // Ends a running job with one of the four final states; its place is free at once. Refused
  // (false) unless the job runs with that attempt: a late finish of a lost attempt changes nothing.
  // `done` of a kept job comes when the outcome would survive.
  virtual void Finish(std::string_view id, std::uint32_t attempt, const Outcome& outcome,
                      Ended done) = 0;

  // Gives a running job back to where it stood in its queue, its attempt not counted.
  virtual bool Release(std::string_view id, std::uint32_t attempt) = 0;

  // Gives a running kept job, whose attempt failed with `error`, back for another one, not to begin
  // before `not_before`.
  virtual bool Retry(std::string_view id, std::uint32_t attempt, SteadyTime not_before,
                     const Error& error) = 0;

  // Cancels for `reason`. A waiting job ends at once, as `outcome` (expired or cancelled).
  virtual void Cancel(std::string_view id, CancelReason reason, const Outcome& outcome,
                      Cancelled done) = 0;

  // An unfinished job, or a kept one that has ended, with the bytes of its parts that are wanted.
  virtual void Get(std::string_view id, const PartBytes& bytes, Found found) = 0;
  // Kept jobs, newest first, without the parts of their results.
  virtual void List(const RecordFilter& filter, Listed listed) = 0;
  // Drops the result of a kept job that has ended; its record stays for its time.
  virtual void DropResult(std::string_view id, Done done) = 0;

  [[nodiscard]] virtual QueueFigures Figures(QueueIndex queue) const = 0;

  // All unfinished jobs; for shutdown.
  [[nodiscard]] virtual std::vector<JobPtr> Unfinished() const = 0;

  // How much a kept job survives.
  [[nodiscard]] virtual Durability durability() const = 0;
  // Nothing when it works, else why not, for the operator.
  [[nodiscard]] virtual std::string Healthy() const = 0;
  // Writes that failed so far, those that tried whether it works again among them.
  [[nodiscard]] virtual std::uint64_t Errors() const = 0;

  // Whether a job holds this Idempotency-Key: a request with it may need no place.
  [[nodiscard]] virtual bool HoldsKey(QueueIndex queue, std::string_view tenant,
                                      std::string_view key) const = 0;

  // How many jobs of a tenant wait in the queue.
  [[nodiscard]] virtual std::size_t WaitingOf(QueueIndex queue, std::string_view tenant) const = 0;

  // Calls `told` with every kept job that ended, and is saved, without a call of Finish or Cancel
  // that tells so: its time was over, no attempt was left for it when it came back, or it is
  // CancelResult::kUnsaved. Null: nobody any more.
  using Told = std::function<void(const JobPtr& job, const Outcome& outcome)>;
  virtual void OnEnded(Told told) = 0;

  // No job is claimed any more: what waits is left to the next process. Idempotent.
  virtual void StopClaims() = 0;

  // No callback comes from now on: what was asked for is done, or is left to the next process; what
  // is asked for later fails at once. Blocks; idempotent.
  virtual void Stop() = 0;

  // Refuses further pushes; waiting jobs can still be claimed. Idempotent.
  virtual void Close() = 0;
};

}  // namespace headrace
