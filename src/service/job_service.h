#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ledger.h"
#include "base/outcome.h"
#include "base/queued_job.h"
#include "base/spool.h"
#include "engine/engine.h"
#include "service/submission.h"

namespace headrace {

class Metrics;

// The one who waits for a job's outcome. Deliver is called exactly once, from any thread, and must
// not block. The service holds a reference until then.
class Waiter {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  virtual ~Waiter() = default;
  virtual void Deliver(const std::string& job_id, Outcome outcome) = 0;

  // A part of the result, as soon as it is complete, or the next piece of its only one; where the
  // submission asks for it. From any thread, in order; some may still come after Deliver.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): those who want parts take them over
  virtual void DeliverPart(ResultPart /*part*/) {}
};

// Admission and the life of a job as its clients see it. Knows no HTTP server and no worker.
// Thread-safe; no call blocks.
class JobService {
 public:
  struct Options {
    std::vector<ServiceQueue> queues;
    std::size_t max_body = std::size_t{64} << 20;  // bytes
    Ledger* ledger = nullptr;                      // outlives the service; null: no memory budget
    Spool* spool = nullptr;                        // outlives results; null: they stay in memory
  };

  JobService(Options options, Engine& engine, Metrics& metrics);
  ~JobService();
  JobService(const JobService&) = delete;
  JobService& operator=(const JobService&) = delete;

  [[nodiscard]] const std::vector<ServiceQueue>& queues() const;
  [[nodiscard]] std::optional<QueueIndex> FindQueue(std::string_view name) const;

  // May this request come in, judged by its headers alone? Called before the body is read: draining
  // (503), media type and encoding (415), query and fields (400), params (422), result (406),
  // length (413), queue full, memory budget spent or deadline out of reach (429 with Retry-After),
  // in this order. Counts the rejection. Success reserves nothing.
  Status Precheck(QueueIndex queue, const Intake& intake);

  // Does the queue take payloads of this media type (lower case; empty: not told)? 415. For the
  // file in a form, which tells its type only now.
  [[nodiscard]] Status CheckType(QueueIndex queue, std::string_view media_type) const;

  // Holds memory for the `received` bytes that have come of an upload, in steps, but no more than
  // its `length` where that is known: grows `charge`. 413 beyond the whole budget; 429 when it is
  // spent, which counts as a rejection. Pass the charge on in the Submission.
  Status ChargeUpload(QueueIndex queue, std::uint64_t received, std::optional<std::uint64_t> length,
                      Ledger::Charge& charge);

  // By when a request that began at `started` must be answered: the queue's deadline, or the
  // caller's own if that is sooner.
  [[nodiscard]] Deadline DeadlineOf(QueueIndex queue, SteadyTime started,
                                    std::optional<std::chrono::milliseconds> request_timeout) const;

  // Validates the params (422), charges the payload (429), pushes the job, arms its deadline. On
  // success returns the job's id and `waiter` gets the outcome; otherwise the waiter is never
  // called.
  Expected<std::string> Submit(Submission submission, std::shared_ptr<Waiter> waiter);

  // The job's waiter has gone (its connection is lost): the job is cancelled, nobody is told.
  void Abandon(std::string_view job_id);

  // DELETE: cancels the job; its waiter gets a cancelled outcome at once. Returns the status after
  // it; not found for a job that is unknown or over.
  Expected<JobStatus> Cancel(std::string_view job_id);

  // The worker pool calls this when a job has ended and its place is free. Delivers the outcome
  // unless the waiter was already answered.
  void OnFinished(const QueuedJob& job, Outcome outcome);

  // Seconds after which a refused client should come back (DESIGN 3, Retry-After).
  [[nodiscard]] int RetryAfter(QueueIndex queue);

  // Jobs finished per second while the queue was not empty, as measured or expected.
  [[nodiscard]] double DrainRate(QueueIndex queue) const;

  [[nodiscard]] QueueFigures Figures(QueueIndex queue) const;

  // Jobs' deadlines that are armed.
  [[nodiscard]] std::size_t ArmedDeadlines() const;

  // From now on Precheck and Submit refuse with 503.
  void StopAdmitting();
  [[nodiscard]] bool Admitting() const;

  // Shutdown's last word: cancels every unfinished job; sync waiters get 503. Returns how many were
  // cut.
  std::size_t CancelAll();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace
