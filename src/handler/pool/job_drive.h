#pragma once

#include <poll.h>

#include <cstdint>
#include <list>
#include <utility>
#include <vector>

#include "base/queued_job.h"
#include "handler/job_result.h"
#include "handler/pool/executor_drive.h"
#include "handler/pool/helper.h"

namespace headrace {

// Drives one job to its end: through one executor, and, while the job has tasks that nobody does
// and there are helpers to be had, through those as well. When Run returns, all executors are dead
// and reaped, or the first one waits for its next job. Used by one thread.
class JobDrive {
 public:
  struct Options {
    std::uint64_t max_result = 0;     // bytes of all parts
    std::uint32_t jobs = 1;           // that one executor does
    HelperSource* helpers = nullptr;  // outlives the drive; null: the executor works alone
    ResultStore store = {};           // of what the job has made
  };

  // `cancel_fd` is readable once the job's token is cancelled; it and the memfd outlive the drive.
  JobDrive(const QueuedJob& job, int payload_memfd, int cancel_fd, Options options);

  // Sends the job, whose params fit a frame (see ExecutorDrive::FitsFrame).
  void Start(ExecutorProcess executor);

  // Once, after Start.
  ExecutorDrive::Report Run();

 private:
  struct Worker {
    Worker(ExecutorProcess executor, JobResult& result, ExecutorDrive::Limits limits)
        : drive(std::move(executor), result, limits) {}
    ExecutorDrive drive;
    SlotLease slot;  // of a helper; null: it leads
    bool over = false;
  };

  // Each returns true when the job is over.
  bool Unwanted();
  bool Watch();
  bool LookAt(const std::vector<pollfd>& polled);
  bool OnEnd(Worker& worker);
  void TakeHelp();
  void Use(const ProcessEnd& process);
  ExecutorDrive::Report Conclude();

  const QueuedJob& job_;
  const int payload_memfd_;
  const int cancel_fd_;
  const Options options_;
  JobResult result_;
  std::list<Worker> workers_;  // the first one leads
  Worker* decides_ = nullptr;  // whose end is the job's; null: it has not ended badly
  Seconds others_cpu_{0};      // that all the others have used
  std::uint64_t others_peak_ = 0;
};

}  // namespace headrace
