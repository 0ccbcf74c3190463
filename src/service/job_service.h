#pragma once

#include <cstddef>
#include <functional>
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
#include "service/job_watches.h"
#include "service/submission.h"
#include "service/waiter.h"
#include "service/webhook_url.h"

namespace headrace {

class Metrics;
class Tracer;

// Admission and the life of a job as its clients see it. Knows no HTTP server and no worker.
// Thread-safe; no call blocks. Callbacks are called once, from any thread, also from within the
// call.
class JobService {
 public:
  struct Options {
    std::vector<ServiceQueue> queues;
    std::size_t max_body = std::size_t{64} << 20;  // bytes
    Ledger* ledger = nullptr;                      // outlives the service; null: no memory budget
    Spool* spool = nullptr;                        // outlives results; null: they stay in memory
    WebhookPolicy webhooks{};                      // whom clients may have told of their jobs
    bool trust_priority = false;                   // as in Admission::Options
    const Tracer* tracer = nullptr;  // takes the waits of jobs that never run; null: nobody
  };
  using Submitted = std::function<void(Expected<std::string> id)>;
  using Told = std::function<void(Expected<JobStatus>)>;
  using Listed = Engine::Listed;

  JobService(Options options, Engine& engine, Metrics& metrics);
  ~JobService();
  JobService(const JobService&) = delete;
  JobService& operator=(const JobService&) = delete;

  // As they are now. A reference is good for the call that it was got for: some time after a reload
  // the former ones are destroyed.
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

  // May the end of a job be told to this URL? 422.
  [[nodiscard]] Status CheckWebhook(std::string_view url) const;

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
  // success `done` gets the job's id, of another request's job where an Idempotency-Key says so,
  // and `waiter` hears of the outcome, perhaps before that; otherwise the waiter is never called.
  // Where that other job was just being ended for want of clients, `done` is called once more.
  void Submit(Submission submission, const std::shared_ptr<Waiter>& waiter, Submitted done);

  // The waiter has gone (its connection is lost): unless others wait for the job, or a client was
  // told that it goes on, it is cancelled.
  void Abandon(std::string_view job_id, const Waiter& waiter);

  // DELETE: cancels the job; its waiters get a cancelled outcome at once. Drops the result of a
  // kept job that has ended. Tells the status after it; not found for a job that is unknown.
  void Cancel(const JobRef& job, Told done);

  // The status of an unfinished job, or of a kept one that has ended; with the bytes of its parts
  // that are wanted. 404, also of another tenant's, or, after its time, 410.
  void GetStatus(const JobRef& job, const PartBytes& bytes, Told done);

  // Kept jobs of the filter's tenant, newest first, without the parts of their results.
  void List(const RecordFilter& filter, Listed done);

  // Tells the watcher of every change of the job from now on, if it may see it.
  void Watch(const JobRef& job, std::weak_ptr<JobWatcher> watcher);

  // A reload: takes over all that it says of the queues but their names, handlers and paths, which
  // are as they were, and the longest body. Jobs that are in keep what they came with. Callable by
  // one thread at a time; cannot fail.
  void Reload(std::vector<ServiceQueue> queues, std::size_t max_body);

  // Ends its timers: nothing is told any more but what the engine ends. After CancelAll, before the
  // engine stops. Idempotent.
  void Stop();

  // The worker pool calls this when an attempt at a job begins, and when it has ended, well or
  // badly: the job is tried again, or ends so, which frees its place and tells who waits.
  void OnStarted(const QueuedJob& job);
  void OnRan(const JobPtr& job, Outcome outcome);

  // Seconds after which a refused client should come back (DESIGN 3, Retry-After).
  [[nodiscard]] int RetryAfter(QueueIndex queue);

  // The same for one whom a limit of its own keeps out: about when the next job ends.
  [[nodiscard]] int NextEnd(QueueIndex queue) const;

  // Jobs finished per second while the queue was not empty, as measured or expected.
  [[nodiscard]] double DrainRate(QueueIndex queue) const;

  [[nodiscard]] QueueFigures Figures(QueueIndex queue) const;

  // What a client may rely on that was told that its job goes on.
  [[nodiscard]] Durability durability() const;

  // Waiters' deadlines that are armed.
  [[nodiscard]] std::size_t ArmedDeadlines() const;

  // From now on Precheck and Submit refuse with 503.
  void StopAdmitting();
  [[nodiscard]] bool Admitting() const;

  // Shutdown's last word: cancels every unfinished job that would not survive the process, stops
  // the others, which are to be done by the next one. Waiters get 503. Returns how many were cut.
  std::size_t CancelAll();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace
