#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/printable.h"
#include "client/job_view.h"
#include "client/progress_line.h"

namespace headrace {

// A job's status in a line.
inline ProgressStep JobStep(const JobView& job) {
  ProgressStep step{Printable(job.state)};
  if (job.state == "waiting" && job.position) {
    step.detail = *job.position == 0 ? "it is next" : fmt::format("{} before it", *job.position);
    if (job.attempt > 0) step.detail += ", for another attempt";
  }
  if (job.state == "running" && job.total > 0) {
    step.detail = fmt::format("{} of {}", job.done, job.total);
    step.done = job.done;
    step.total = job.total;
  }
  return step;
}

// The download of a result; `all`: bytes of all its parts so far.
inline ProgressStep DownloadStep(const JobView& job, std::uint64_t all) {
  std::uint64_t total = 0;
  for (const PartView& part : *job.parts) total += part.size;
  return {"fetching its result", fmt::format("{} of {}", RoundSize(all), RoundSize(total)), all,
          total};
}

}  // namespace headrace
