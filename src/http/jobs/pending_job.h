#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/outcome.h"
#include "http/edge/pistache.h"
#include "http/edge/reactor_link.h"
#include "http/edge/site.h"
#include "service/job_service.h"

namespace headrace {

// One job that a connection waits for. A worker's thread fulfils it (Deliver), the connection's
// reactor thread resolves its promise; nothing else is touched from outside that thread. After
// Abandon the promise stays unresolved and the job is cancelled.
class PendingJob final : public Waiter,
                         public Pending,
                         public std::enable_shared_from_this<PendingJob> {
 public:
  PendingJob(std::shared_ptr<ReactorLink> link, JobService& service)
      : link_(std::move(link)), service_(service) {}

  // Any thread; Deliver once.
  void Deliver(const std::string& job_id, Outcome outcome) override;
  void DeliverPart(ResultPart part) override;
  void GoesOn(JobStatus status) override;

  // The rest: the reactor's thread only.
  void Submit(Submission submission);
  void Arm(Pistache::Async::Deferred<Outcome> deferred) { deferred_ = std::move(deferred); }
  // Takes parts as they come, until the promise is resolved.
  void TakeParts(std::function<void(ResultPart)> on_part) { on_part_ = std::move(on_part); }
  // The same of the pieces of a result's only part, if its media type is `wanted` (any thread).
  void TakePieces(std::function<void(ResultPart)> on_piece,
                  std::function<bool(std::string_view)> wanted) {
    on_part_ = std::move(on_piece);
    wants_pieces_ = std::move(wanted);
  }
  // Fills in what of the result is wanted before its end.
  void Tell(Submission& submission);
  void Refuse(Error error);  // the service did not take it: resolves at once
  void Abandon() override;
  [[nodiscard]] const std::string& job_id() const { return job_id_; }  // empty: not accepted
  [[nodiscard]] const JobService& service() const { return service_; }
  // Not null: its client is answered before the job has ended, and the outcome says no more.
  [[nodiscard]] const JobStatus* goes_on() const { return goes_on_.get(); }

 private:
  void Resolve();
  void Submitted(std::thread::id thread, Expected<std::string> job_id);
  void Answered(Expected<std::string> job_id);

  const std::shared_ptr<ReactorLink> link_;
  JobService& service_;
  Outcome outcome_;  // written before the task is posted, read by it
  Pistache::Async::Deferred<Outcome> deferred_;
  std::string job_id_;
  std::function<void(ResultPart)> on_part_;
  std::function<bool(std::string_view)> wants_pieces_;
  // As outcome_. Not in place: with it an object of this type is larger than malloc's thread caches
  // take, and most requests never have one.
  std::unique_ptr<const JobStatus> goes_on_;
  bool submitting_ = false;
  bool abandoned_ = false;
};

}  // namespace headrace
