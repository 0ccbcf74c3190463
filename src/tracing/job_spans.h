#pragma once

#include <optional>
#include <string_view>

#include "base/deadline.h"
#include "base/outcome.h"
#include "base/queued_job.h"
#include "tracing/tracer.h"

namespace headrace {

// The spans of one attempt at a job, both below that of the request which brought the job: its
// wait, from the moment it stands in its queue to its claim, and its run. For the worker that
// drives the attempt. Where tracing is off, or the job's trace is not sampled, nothing is made.
class JobSpans {
 public:
  // Both outlive it; `tracer` may be null.
  JobSpans(const Tracer* tracer, const QueuedJob& job);

  // The wait has ended: the job was claimed or, if there is an outcome, ends so without a run.
  void RecordWait(SteadyTime ended, const Outcome* unrun) const;

  // The run begins: its handler sees a context below its span.
  void BeginRun();
  void RecordRun(SteadyTime began, SteadyTime ended, const Outcome& outcome) const;

 private:
  [[nodiscard]] Span Make(const TraceContext& context, std::string_view name) const;

  const Tracer* const tracer_;
  const QueuedJob& job_;
  std::optional<TraceContext> parent_;  // nothing: nobody records
  TraceContext run_;
};

}  // namespace headrace
