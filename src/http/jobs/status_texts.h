#pragma once

#include <memory>
#include <string>

#include "base/sync.h"
#include "service/job_service.h"

namespace headrace {

// The JSON of statuses that many are told of: a job may have thousands of listeners, and all of
// them are to hear of its end at once. Thread-safe.
class StatusTexts {
 public:
  // `service` outlives it.
  explicit StatusTexts(const JobService& service) : service_(service) {}

  // As JobJson has it; made once for those who ask for the same object one after the other.
  std::shared_ptr<const std::string> Of(const std::shared_ptr<const JobStatus>& status)
      EXCLUDES(mu_);

 private:
  const JobService& service_;
  Mutex mu_;
  std::weak_ptr<const JobStatus> last_ GUARDED_BY(mu_);
  std::shared_ptr<const std::string> text_ GUARDED_BY(mu_);
};

}  // namespace headrace
