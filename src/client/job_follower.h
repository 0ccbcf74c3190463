#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/error.h"
#include "client/call_retry.h"
#include "client/job_view.h"
#include "client/service_client.h"

namespace headrace {

// Follows a job to its end: by its events, and where those do not come, by asking for its status
// again and again (long polling). A lost connection is made anew; the events go on where they were.
// Not thread-safe.
class JobFollower {
 public:
  using Tell = std::function<void(const JobView&)>;  // at each change

  // The client and what the retry calls outlive it.
  JobFollower(ServiceClient& client, CallRetry retry, Tell tell)
      : client_(client), retry_(std::move(retry)), tell_(std::move(tell)) {}

  // The status that it ended with. Error (JobFailure): the service does not know it any more; else
  // as CallRetry has it.
  Expected<JobView> ToEnd(const std::string& id);

 private:
  using News = std::optional<JobView>;  // the end; or nothing yet

  Expected<News> Listen(const std::string& id);
  Expected<News> AfterEvents(const Expected<Reply>& reply, bool heard);
  Expected<News> Poll(const std::string& id);
  bool TakeEvent(const std::string& event_id, const std::string& data, News& end);

  ServiceClient& client_;
  CallRetry retry_;
  const Tell tell_;
  bool events_work_ = true;
  int silent_ = 0;             // streams in a row without an event
  std::string last_event_id_;  // visible ASCII
};

}  // namespace headrace
