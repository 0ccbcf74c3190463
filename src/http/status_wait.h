#pragma once

#include <atomic>
#include <memory>

#include "base/timer.h"
#include "http/reactor_link.h"
#include "http/site.h"
#include "service/job_service.h"

namespace headrace {

class Connection;

// Long polling: a client that waits for a job's end, for so long, and is then told the status.
// Tell may come from any thread, the first one answers.
class StatusWait final : public JobWatcher,
                         public Pending,
                         public std::enable_shared_from_this<StatusWait> {
 public:
  StatusWait(std::weak_ptr<Connection> connection, std::shared_ptr<ReactorLink> link,
             const JobService& service)
      : connection_(std::move(connection)), link_(std::move(link)), service_(service) {}

  void OnStatus(const std::shared_ptr<const JobStatus>& status) override;
  // Answers with what there is; nothing if it was answered before.
  void Tell(Expected<JobStatus> status);
  void Abandon() override { told_ = true; }

 private:
  const std::weak_ptr<Connection> connection_;
  const std::shared_ptr<ReactorLink> link_;
  const JobService& service_;
  std::atomic<bool> told_{false};
};

}  // namespace headrace
