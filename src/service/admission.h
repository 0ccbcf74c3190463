#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/deadline.h"
#include "base/error.h"
#include "base/ledger.h"
#include "engine/engine.h"
#include "service/retry_after.h"
#include "service/submission.h"

namespace headrace {

class Metrics;

// The decision to take a job: the only place that says 413, 415, 422, 429 and 503 to a request for
// work. Counts every rejection. Thread-safe; no call blocks.
class Admission {
 public:
  struct Options {
    std::vector<ServiceQueue> queues;
    std::size_t max_body = std::size_t{64} << 20;  // bytes
    Ledger* ledger = nullptr;                      // outlives admission; null: no memory budget
    bool trust_priority = false;                   // of clients who are not told apart, too
  };

  Admission(Options options, const Engine& engine, Metrics& metrics);

  // As JobService::queues.
  [[nodiscard]] const std::vector<ServiceQueue>& queues() const {
    return *queues_.load(std::memory_order_acquire);
  }

  // As JobService::Reload.
  void Reload(std::vector<ServiceQueue> queues, std::size_t max_body);

  // What the request's head tells, before its body is read: draining (503), media type and encoding
  // (415), query and fields (400), params (422), result (406), length (413), queue full, memory
  // budget spent or deadline out of reach (429), in this order.
  Status Precheck(QueueIndex queue, const Intake& intake);

  // 415 unless the queue takes payloads of this type (lower case; empty: not told).
  [[nodiscard]] Status CheckType(QueueIndex queue, std::string_view media_type) const;

  // Holds memory for the `received` bytes that have come of an upload, in steps, but no more than
  // its `length` where that is known: grows `charge`. 413 beyond the whole budget, 429 beyond what
  // is left of it.
  Status ChargeUpload(QueueIndex queue, std::uint64_t received, std::optional<std::uint64_t> length,
                      Ledger::Charge& charge);

  // By when a request that began at `started` must be answered: the queue's deadline, or the
  // caller's own if that is sooner.
  [[nodiscard]] Deadline DeadlineOf(QueueIndex queue, SteadyTime started,
                                    std::optional<std::chrono::milliseconds> request_timeout) const;

  // Makes the job that a submission asks for: params (422), payload (422), the caller's deadline,
  // the memory budget and the rate of the caller's jobs (429). It is not in the engine yet.
  Expected<std::shared_ptr<QueuedJob>> MakeJob(Submission submission);

  // The answer to a push that the engine did not accept.
  Error Refused(QueueIndex queue, PushResult pushed);

  // A job has ended; the drain rate follows.
  void OnFinished(QueueIndex queue);

  // Seconds after which a refused client should come back; counts it as a promise.
  int RetryAfter(QueueIndex queue);
  // The same for one whom not the queue but a limit of its own keeps out: about when the next job
  // ends. No promise is counted, so that nobody can make others wait longer.
  [[nodiscard]] int NextEnd(QueueIndex queue) const;
  [[nodiscard]] double DrainRate(QueueIndex queue) const;

  // From now on every request is refused with 503.
  void Stop() { admitting_.store(false); }
  [[nodiscard]] bool Admitting() const { return admitting_.load(); }

 private:
  static void Keep(Submission& submission, const ServiceQueue& target, QueuedJob& job);
  [[nodiscard]] std::uint64_t MostBytes() const;
  [[nodiscard]] Seconds PredictedWait(QueueIndex queue) const;
  Error Full(QueueIndex queue);
  Error NoMemory(QueueIndex queue);
  Error TooLong() const;
  Status CheckRoom(QueueIndex queue, const Intake& intake);
  Status CheckResults(QueueIndex queue);
  Status CheckReach(QueueIndex queue, Deadline deadline);
  Status CheckReach(const Submission& submission, Deadline deadline);
  Status CheckQuota(QueueIndex queue, Caller& caller);
  Status TakeQuota(const Submission& submission);
  Status TooMany(QueueIndex queue, const Caller& caller, int seconds);
  [[nodiscard]] bool HoldsKey(QueueIndex queue, const Caller* caller, std::string_view key) const;
  Error TenantFull(QueueIndex queue);
  Status ChargePayload(Submission& submission);

  using Queues = const std::vector<ServiceQueue>;
  // Former queues, of which a call that has begun may still have a reference.
  struct Retired {
    SteadyTime since;
    std::unique_ptr<Queues> queues;
  };

  Ledger* const ledger_;
  const bool trust_priority_;
  std::atomic<std::size_t> max_body_;
  std::unique_ptr<Queues> current_;  // like the next, of the thread that reloads
  std::vector<Retired> retired_;
  std::atomic<Queues*> queues_;
  const Engine& engine_;
  Metrics& metrics_;
  std::atomic<bool> admitting_{true};
  std::vector<std::unique_ptr<RetrySchedule>> retry_after_;  // one per queue
};

}  // namespace headrace
