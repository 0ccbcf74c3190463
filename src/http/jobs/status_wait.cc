#include "http/jobs/status_wait.h"

#include <utility>

#include "http/edge/connection.h"
#include "http/jobs/job_views.h"
#include "http/message/problem.h"
#include "service/endings.h"

namespace headrace {

void StatusWait::OnStatus(const std::shared_ptr<const JobStatus>& status) {
  if (!status->record.end || told_.load()) return;
  Respond([id = status->record.job.id, text = texts_->Of(status)](Connection& connection) {
    connection.Respond(StatusAnswer(id, *text));
  });
}

void StatusWait::OnGone() { Tell(NoSuchJob()); }

void StatusWait::Tell(Expected<JobStatus> status) {
  Respond([&service = service_, status = std::move(status)](Connection& connection) {
    connection.Respond(status ? StatusAnswer(*status, service) : ProblemAnswer(status.error()));
  });
}

void StatusWait::Respond(std::function<void(Connection& connection)> respond) {
  if (told_.exchange(true)) return;
  link_->Post([self = shared_from_this(), respond = std::move(respond)] {
    self->timer_.Cancel(self->ticket_);
    const auto connection = self->connection_.lock();
    if (connection) CloseIfThrown(*connection, [&] { respond(*connection); });
  });
}

}  // namespace headrace
