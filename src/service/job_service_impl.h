#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/timer.h"
#include "handler/result_store.h"
#include "service/admission.h"
#include "service/job_service.h"
#include "service/job_watches.h"
#include "service/waiters.h"

namespace headrace {

// What JobService is made of. Thread-safe.
struct JobService::Impl {
  Impl(Options the_options, Engine& the_engine, Metrics& metrics);

  // The way in.
  void Push(const JobPtr& job, const std::shared_ptr<Waiter>& waiter,
            std::optional<std::chrono::milliseconds> wait, Submitted done);
  void OnAccepted(const JobPtr& job, const std::shared_ptr<Waiter>& waiter,
                  std::optional<std::chrono::milliseconds> wait);
  void OnExisting(const JobPtr& job, const std::string& id, const std::shared_ptr<Waiter>& waiter,
                  std::optional<std::chrono::milliseconds> wait, const Submitted& done);
  // `id` may be one that a job owns.
  void Arm(const std::shared_ptr<const std::string>& id, Deadline deadline,
           const std::shared_ptr<Waiter>& waiter, std::optional<std::chrono::milliseconds> wait);

  // The ways out.
  void OnDeadline(const std::string& id, const Waiter* waiter);
  void Expire(const std::string& id, const Waiters::Taken& taken, Seconds waited);
  void OnWaited(const std::string& id, const std::shared_ptr<Waiter>& waiter);
  void End(const std::string& id, CancelReason reason, const Outcome& outcome,
           Engine::Cancelled done);
  // The same, of a job whose wait, should it end with that, is a span.
  struct Unclaimed;
  void EndTraced(const std::string& id, CancelReason reason, const Outcome& outcome,
                 Engine::Cancelled done);
  void EndIn(const std::string& id, CancelReason reason, const Outcome& outcome,
             const std::shared_ptr<const Unclaimed>& unclaimed, Engine::Cancelled done);
  void TellUnrun(const std::string& id, CancelReason reason, bool expired,
                 const Unclaimed* unclaimed);
  // `again`: one that has ended meanwhile is looked at once more.
  void Cancel(const JobRef& job, bool again, Told done);
  void CancelUnfinished(const JobStatus& status, bool again, Told done);
  bool CutOff(const QueuedJob& job, bool goes_on);
  bool GiveBack(const QueuedJob& job);
  bool TriedAgain(const QueuedJob& job, Outcome& outcome);
  void Conclude(const JobPtr& job, Outcome outcome);
  void Deliver(const std::string& id, Outcome outcome);
  void TellChange(const std::string& id);

  // Takes parts of a result, or pieces of one, to the waiter as they come.
  [[nodiscard]] std::function<void(ResultPart)> PartsTo(std::shared_ptr<Waiter> waiter) const;

  Admission admission;
  const ResultStore results;
  const WebhookPolicy webhooks;
  const Tracer* const tracer;
  Engine& engine;
  Waiters waiters;
  JobWatches watches;
  Timer timer;  // last: its callbacks use all above
};

}  // namespace headrace
