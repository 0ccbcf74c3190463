#pragma once

#include "base/outcome.h"
#include "base/queued_job.h"

namespace headrace {

// Drives one job of one queue to its outcome: on the calling thread or in an executor. Thread-safe:
// all workers of the queue share it. Never throws. It returns early when the job's token is
// cancelled or its deadline passes (kCancelled or kExpired); the caller's slot is free when it
// returns.
class Runner {
 public:
  Runner() = default;
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  virtual ~Runner() = default;

  [[nodiscard]] virtual Outcome Run(const QueuedJob& job) = 0;
};

}  // namespace headrace
