#include "http/jobs/job_site.h"

#include <chrono>
#include <memory>
#include <utility>

#include "http/edge/connection.h"
#include "http/edge/reactor_link.h"
#include "http/jobs/job_events.h"
#include "http/jobs/job_list.h"
#include "http/jobs/job_views.h"
#include "http/jobs/kept_result.h"
#include "http/jobs/status_wait.h"
#include "http/message/preferences.h"
#include "http/message/problem.h"

namespace headrace {
namespace {

constexpr std::chrono::seconds kMostPatience{300};

headrace::Answer NeedsHttp11() {
  return ProblemAnswer({ErrorCode::kInvalidArgument, "http-version",
                        "events need HTTP/1.1; ask for the status instead", "", 0});
}

Error NotListed() {
  return {
      ErrorCode::kForbidden, "jobs-not-listed",
      "jobs are listed where callers have keys, and each sees its own (auth.mode: keys); here a "
      "job is known by its id alone",
      "", 0};
}

}  // namespace

JobService::Told JobSite::ThenAnswer(Connection& connection, Make make) {
  return [weak = connection.weak_from_this(), link = connection.reactor(),
          make = std::move(make)](Expected<JobStatus> status) {
    link->Post([weak, make, status = std::move(status)]() mutable {
      if (const auto alive = weak.lock()) Respond(*alive, make, std::move(status));
    });
  };
}

void JobSite::Respond(Connection& connection, const Make& make, Expected<JobStatus> status) {
  CloseIfThrown(connection, [&] {
    connection.Respond(status ? make(connection, *std::move(status))
                              : ProblemAnswer(status.error()));
  });
}

JobRef JobSite::RefOf(const Connection& connection) {
  const Exchange& exchange = connection.exchange();
  return {exchange.match.argument, exchange.Tenant()};
}

void JobSite::Answer(Connection& connection) {
  const Exchange& exchange = connection.exchange();
  if (exchange.match.route == HttpRoute::kJobList) return SendList(connection);
  if (exchange.match.route == HttpRoute::kResult) return SendResult(connection);
  if (exchange.match.route == HttpRoute::kEvents) return SendEvents(connection);
  if (exchange.method == HttpMethod::kDelete) return Cancel(connection);
  const auto wait = ParsePrefer(exchange.head->List("Prefer")).wait;
  if (wait) return AwaitEnd(connection, std::min(*wait, kMostPatience));
  TellStatus(connection);
}

void JobSite::TellStatus(Connection& connection) {
  service_.GetStatus(RefOf(connection), PartBytes::None(),
                     ThenAnswer(connection, [this](const Connection&, const JobStatus& status) {
                       return StatusAnswer(status, service_);
                     }));
}

// First watched, then looked at: a change between the two is told twice, not lost.
void JobSite::AwaitEnd(Connection& connection, std::chrono::milliseconds patience) {
  const JobRef job = RefOf(connection);
  auto waits = std::make_shared<StatusWait>(connection.weak_from_this(), connection.reactor(),
                                            service_, texts_, timer_);
  connection.Await(waits);
  const auto tell = [this, job](const std::shared_ptr<StatusWait>& waiter, bool ended_only) {
    service_.GetStatus(job, PartBytes::None(), [waiter, ended_only](Expected<JobStatus> status) {
      if (!ended_only || !status || status->record.end) waiter->Tell(std::move(status));
    });
  };
  waits->WaitUntil(Deadline::After(patience), [tell, weak = std::weak_ptr(waits)] {
    if (const auto alive = weak.lock()) tell(alive, false);
  });
  service_.Watch(job, waits);
  tell(waits, true);
}

void JobSite::Cancel(Connection& connection) {
  service_.Cancel(RefOf(connection),
                  ThenAnswer(connection, [this](const Connection&, const JobStatus& status) {
                    return StatusAnswer(status, service_);
                  }));
}

void JobSite::SendResult(Connection& connection) {
  const RouteMatch& match = connection.exchange().match;
  const PartBytes bytes = match.part.empty() ? PartBytes::OfAll() : PartBytes::Of(match.part);
  service_.GetStatus(RefOf(connection), bytes,
                     ThenAnswer(connection, [](const Connection& at, JobStatus status) {
                       const int retry_after =
                           status.record.state == JobState::kWaiting
                               ? static_cast<int>(std::min<std::size_t>(status.position, 60)) + 1
                               : 1;
                       return KeptResultAnswer(std::move(status), at.exchange().match.part,
                                               *at.exchange().head, retry_after);
                     }));
}

void JobSite::SendList(Connection& connection) {
  const Exchange& exchange = connection.exchange();
  if (exchange.caller == nullptr) return connection.Respond(ProblemAnswer(NotListed()));
  auto filter = ParseJobList(exchange.head->query, service_);
  if (!filter) return connection.Respond(ProblemAnswer(filter.error()));
  filter->tenant = exchange.Tenant();
  service_.List(*filter, [this, filter = *filter, weak = connection.weak_from_this(),
                          link = connection.reactor()](Expected<JobPage> page) {
    link->Post([this, filter, weak, page = std::move(page)] {
      if (const auto alive = weak.lock()) TellList(*alive, filter, page);
    });
  });
}

void JobSite::TellList(Connection& connection, const RecordFilter& filter,
                       const Expected<JobPage>& page) const {
  CloseIfThrown(connection, [&] {
    connection.Respond(page ? JobListAnswer(*page, filter, service_) : ProblemAnswer(page.error()));
  });
}

void JobSite::SendEvents(Connection& connection) {
  const Exchange& exchange = connection.exchange();
  if (!exchange.head->http11) return connection.Respond(NeedsHttp11());
  const JobRef job = RefOf(connection);
  auto events =
      std::make_shared<JobEvents>(connection.weak_from_this(), connection.reactor(), service_,
                                  texts_, timer_, exchange.head->Find("Last-Event-ID"));
  connection.Await(events);
  service_.Watch(job, events);
  service_.GetStatus(job, PartBytes::None(),
                     [events](Expected<JobStatus> status) { events->Begin(std::move(status)); });
}

}  // namespace headrace
