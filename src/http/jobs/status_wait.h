#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "base/deadline.h"
#include "base/timer.h"
#include "http/edge/reactor_link.h"
#include "http/edge/site.h"
#include "http/jobs/status_texts.h"
#include "service/job_service.h"

namespace headrace {

class Connection;

// Long polling: a client that waits for a job's end, for so long, and is then told the status.
// Tell may come from any thread, the first one answers.
class StatusWait final : public JobWatcher,
                         public Pending,
                         public std::enable_shared_from_this<StatusWait> {
 public:
  // `timer` outlives it.
  StatusWait(std::weak_ptr<Connection> connection, std::shared_ptr<ReactorLink> link,
             const JobService& service, std::shared_ptr<StatusTexts> texts, Timer& timer)
      : connection_(std::move(connection)),
        link_(std::move(link)),
        service_(service),
        texts_(std::move(texts)),
        timer_(timer) {}

  // On the reactor's thread, before it is watched: when its time is over, `ask` has it told.
  void WaitUntil(Deadline deadline, std::function<void()> ask) {
    ticket_ = timer_.Schedule(deadline, std::move(ask));
  }
  void OnStatus(const std::shared_ptr<const JobStatus>& status) override;
  void OnGone() override;
  // Answers with what there is; nothing if it was answered before.
  void Tell(Expected<JobStatus> status);
  void Abandon() override {
    told_ = true;
    timer_.Cancel(ticket_);
  }

 private:
  void Respond(std::function<void(Connection& connection)> respond);

  const std::weak_ptr<Connection> connection_;
  const std::shared_ptr<ReactorLink> link_;
  const JobService& service_;
  const std::shared_ptr<StatusTexts> texts_;
  Timer& timer_;
  Timer::Ticket ticket_;
  std::atomic<bool> told_{false};
};

}  // namespace headrace
