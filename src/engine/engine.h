#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel_token.h"
#include "base/error.h"
#include "base/outcome.h"
#include "base/queued_job.h"

namespace headrace {

// What an engine must know of a queue.
struct QueueOptions {
  std::string name;
  std::size_t workers = 1;    // jobs that run at once
  std::size_t capacity = 64;  // jobs that wait beside them; the next one is refused
};

enum class PushResult { kAccepted, kFull, kClosed };

// A queue's figures, copied together under the queue's lock: at every instant
// accepted == finished (all outcomes) + waiting + running.
struct QueueFigures {
  std::size_t waiting = 0;
  std::size_t running = 0;
  std::size_t capacity = 0;
  std::size_t waiting_bytes = 0;
  Seconds oldest_age{0};  // of the jobs that wait
  std::uint64_t accepted = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t expired = 0;
};

struct JobStatus {
  JobPtr job;
  JobState state = JobState::kWaiting;
};

// What Cancel found.
enum class CancelResult {
  kUnknown,    // no such job, or it has ended
  kRemoved,    // it was waiting; its place is free, it will never run
  kSignalled,  // it is running; its token is cancelled, Finish will follow
};

// Keeps jobs between intake (`service`) and execution (`worker`), which meet only here.
// Thread-safe. No call blocks but WaitForWork. A place is a job's room in a queue: at most workers
// + capacity jobs of a queue are unfinished, counted under one lock whoever has claimed them.
class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  // Takes the job if there is a place. kFull and kClosed leave the job with the caller.
  virtual PushResult Push(JobPtr job) = 0;

  // Blocks until the queue has a waiting job (true), or is closed and empty (false). It claims
  // nothing: the caller takes a slot first, then claims.
  virtual bool WaitForWork(QueueIndex queue) = 0;

  // The oldest waiting job, now running; nothing if there is none (others may have been faster).
  virtual std::optional<JobPtr> Claim(QueueIndex queue) = 0;

  // Ends a running job with one of the four final states and frees its place. Refused (false)
  // unless the job runs with that attempt: a late finish of a lost attempt changes nothing.
  virtual bool Finish(std::string_view id, std::uint32_t attempt, JobState outcome) = 0;

  // Gives a running job back to the head of its queue, its attempt not counted.
  virtual bool Release(std::string_view id, std::uint32_t attempt) = 0;

  // Cancels for `reason`. A waiting job ends at once, as expired for kDeadline, else as cancelled.
  virtual CancelResult Cancel(std::string_view id, CancelReason reason) = 0;

  [[nodiscard]] virtual std::optional<JobStatus> Get(std::string_view id) const = 0;
  [[nodiscard]] virtual QueueFigures Figures(QueueIndex queue) const = 0;

  // Ids of all unfinished jobs; for shutdown.
  [[nodiscard]] virtual std::vector<std::string> Unfinished() const = 0;

  // Refuses further pushes; waiting jobs can still be claimed. Idempotent.
  virtual void Close() = 0;
};

}  // namespace headrace
