#include "http/status_wait.h"

#include <utility>

#include "http/connection.h"
#include "http/job_views.h"
#include "http/problem.h"
#include "service/endings.h"

namespace headrace {

void StatusWait::OnStatus(const std::shared_ptr<const JobStatus>& status) {
  if (status->record.end) Tell(*status);
}

void StatusWait::OnGone() { Tell(NoSuchJob()); }

void StatusWait::Tell(Expected<JobStatus> status) {
  if (told_.exchange(true)) return;
  link_->Post([self = shared_from_this(), status = std::move(status)] {
    self->timer_.Cancel(self->ticket_);
    const auto connection = self->connection_.lock();
    if (!connection) return;
    CloseIfThrown(*connection, [&] {
      connection->Respond(status ? StatusAnswer(*status, self->service_)
                                 : ProblemAnswer(status.error()));
    });
  });
}

}  // namespace headrace
