#include "http/jobs/status_texts.h"

#include "http/jobs/job_views.h"

namespace headrace {

std::shared_ptr<const std::string> StatusTexts::Of(const std::shared_ptr<const JobStatus>& status) {
  const MutexLock lock(mu_);
  if (last_.lock() != status || !text_) {
    text_ = std::make_shared<const std::string>(JobJson(*status, service_));
    last_ = status;
  }
  return text_;
}

}  // namespace headrace
