#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/timer.h"
#include "http/jobs/status_texts.h"
#include "http/message/answer.h"
#include "service/job_service.h"

namespace headrace {

class Connection;

// The routes of jobs: the list of a caller's; of one its status, with long polling; DELETE; its
// result; its events. Each is answered when the engine has told of the job. Thread-safe; calls come
// on the connections' reactor threads.
class JobSite {
 public:
  explicit JobSite(JobService& service)
      : service_(service), texts_(std::make_shared<StatusTexts>(service)) {}

  // The request is one that RouteMatch::AsksForJob.
  void Answer(Connection& connection);

 private:
  using Make = std::function<headrace::Answer(const Connection& connection, JobStatus status)>;

  // Makes the answer on the connection's reactor, if it still waits for it then.
  [[nodiscard]] static JobService::Told ThenAnswer(Connection& connection, Make make);
  static void Respond(Connection& connection, const Make& make, Expected<JobStatus> status);
  static JobRef RefOf(const Connection& connection);
  void TellStatus(Connection& connection);
  void AwaitEnd(Connection& connection, std::chrono::milliseconds patience);
  void Cancel(Connection& connection);
  void SendResult(Connection& connection);
  void SendEvents(Connection& connection);
  void SendList(Connection& connection);
  // On the connection's reactor.
  void TellList(Connection& connection, const RecordFilter& filter,
                const Expected<JobPage>& page) const;

  JobService& service_;
  const std::shared_ptr<StatusTexts> texts_;
  Timer timer_;  // of those who wait; last: its callbacks use the service
};

}  // namespace headrace
