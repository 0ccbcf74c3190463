#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

#include "base/error.h"
#include "client/call_retry.h"
#include "client/job_view.h"
#include "client/result_folder.h"
#include "client/service_client.h"

namespace headrace {

// Fetches the parts of a kept result, one after the other, into a folder. What a lost connection
// has brought of a part is kept: the rest is asked for. Not thread-safe.
class PartDownload {
 public:
  using Tell = std::function<void()>;  // some bytes have come

  // All of them outlive it.
  PartDownload(ServiceClient& client, CallRetry retry, ResultFolder& folder, Tell tell)
      : client_(client), retry_(std::move(retry)), folder_(folder), tell_(std::move(tell)) {}

  // All parts; the folder is not committed. Error: the first part that could not be had.
  Status Fetch(const JobView& job);

 private:
  Status FetchPart(const JobView& job, const PartView& part);
  Status Try(const Call& call, const PartView& part);
  Status Begin(const Reply& head);
  Status Take(std::span<const std::byte> bytes, const PartView& part);

  ServiceClient& client_;
  CallRetry retry_;
  ResultFolder& folder_;
  const Tell tell_;
  std::string tag_;  // of the part; empty: it cannot be gone on with
};

}  // namespace headrace
