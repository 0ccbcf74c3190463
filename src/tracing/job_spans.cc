#include "tracing/job_spans.h"

#include <string>
#include <utility>

namespace headrace {
namespace {

std::optional<TraceContext> SampledParent(const Tracer* tracer, const QueuedJob& job) {
  if (tracer == nullptr || !SaysSampled(job.traceparent)) return std::nullopt;
  return ParseTraceparent(job.traceparent);
}

// A job that was cancelled is nobody's failure.
void AddOutcome(const Outcome& outcome, Span& span) {
  span.Add("headrace.job.outcome", std::string(ToString(outcome.state)));
  if (!outcome.error) return;
  const Error& error = *outcome.error;
  span.failed = outcome.state != JobState::kCancelled;
  if (span.failed) {
    span.failure = (error.detail.empty() ? error.hint : error.detail).substr(0, Span::kMaxText);
  }
  if (!error.type.empty()) span.Add("error.type", error.type);
}

}  // namespace

JobSpans::JobSpans(const Tracer* tracer, const QueuedJob& job)
    : tracer_(tracer), job_(job), parent_(SampledParent(tracer, job)) {}

Span JobSpans::Make(const TraceContext& context, std::string_view name) const {
  constexpr std::size_t kMostAttributes = 7;
  Span span;
  span.context = context;
  span.parent_id = parent_->span_id;
  span.trace_state = job_.tracestate;
  span.name = name;
  span.attributes.reserve(kMostAttributes);
  span.Add("headrace.queue", job_.queue_name);
  span.Add("headrace.job.id", job_.id);
  span.Add("headrace.job.attempt", std::int64_t{job_.attempt});
  return span;
}

void JobSpans::RecordWait(SteadyTime ended, const Outcome* unrun) const {
  if (!parent_) return;
  Span span = Make(ChildOf(*parent_), "headrace.queue wait");
  span.start = std::max(job_.accepted_at, job_.waits_since);
  span.end = ended;
  if (unrun != nullptr) AddOutcome(*unrun, span);
  tracer_->Record(std::move(span));
}

void JobSpans::BeginRun() {
  if (!parent_) return;
  run_ = ChildOf(*parent_);
  job_.run_trace.Set(ToTraceparent(run_));
}

void JobSpans::RecordRun(SteadyTime began, SteadyTime ended, const Outcome& outcome) const {
  if (!parent_) return;
  Span span = Make(run_, "headrace.job run");
  span.start = began;
  span.end = ended;
  AddOutcome(outcome, span);
  span.Add("headrace.job.cpu_time", outcome.timings.cpu.count());
  if (outcome.timings.peak_memory != 0) {
    span.Add("headrace.job.peak_memory", static_cast<std::int64_t>(outcome.timings.peak_memory));
  }
  tracer_->Record(std::move(span));
}

}  // namespace headrace
