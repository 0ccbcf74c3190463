#include "handler/thread_runner.h"

#include <algorithm>
#include <ctime>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "handler/frames/part_check.h"
#include "handler/job_result.h"
#include "handler/outcomes.h"

namespace headrace {
namespace {

Seconds ThreadCpu() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

class ThreadContext final : public Context {
 public:
  ThreadContext(const QueuedJob& job, std::uint64_t max_result, const ResultStore& store)
      : job_(job), result_(max_result, job.on_part, &job.progress, store) {}

  [[nodiscard]] bool Cancelled() const override {
    return job_.cancel.Cancelled() || job_.deadline.Passed();
  }
  [[nodiscard]] SteadyTime Deadline() const override { return job_.deadline.time(); }

  [[nodiscard]] bool AddPart(std::string_view name, std::string_view media_type,
                             std::span<const std::byte> bytes) override {
    CheckPart(name, media_type);
    if (too_large_ || Cancelled()) return false;
    too_large_ = !result_.Charge(bytes.size());
    if (too_large_) return false;
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    result_.Add(std::nullopt, {std::string(name), std::string(media_type),
                               Payload::FromString(std::string(text)), Crc32(bytes)});
    return true;
  }

  void Progress(std::uint32_t done, std::uint32_t total) override {
    result_.TellProgress({std::min(done, total), total});
  }

  [[nodiscard]] bool too_large() const { return too_large_; }
  std::vector<ResultPart> TakeParts() { return result_.Take(); }

 private:
  const QueuedJob& job_;
  JobResult result_;
  bool too_large_ = false;
};

Failure Thrown(std::string what) {
  return Failure{Failure::Kind::kInternal, "handler-failed", "the handler could not do this job",
                 std::move(what)};
}

std::optional<Failure> Call(Handler& handler, const QueuedJob& queued, ThreadContext& context) {
  try {
    Job job;
    job.id = queued.id;
    job.queue = queued.queue_name;
    job.params = queued.params;
    job.payload = queued.payload.Bytes();
    job.media_type = queued.media_type;
    job.attempt = queued.attempt;
    job.traceparent = queued.Traceparent();
    job.tracestate = queued.tracestate;
    return handler.Run(job, context);
  } catch (const std::exception& error) {
    return Thrown(error.what());
  } catch (...) {
    return Thrown("it threw something that is no std::exception");
  }
}

}  // namespace

Outcome ThreadRunner::Run(const QueuedJob& job) {
  const SteadyTime begin = SteadyClock::now();
  const Seconds cpu_begin = ThreadCpu();
  ThreadContext context(job, max_result_, store_);
  std::optional<Failure> failure = Call(handler_, job, context);

  Outcome outcome;
  if (job.cancel.Cancelled() || job.deadline.Passed()) {
    outcome = UnwantedOutcome(job);
  } else if (context.too_large()) {
    outcome = FailedOutcome(ResultTooLarge(max_result_, "a thread handler's parts"));
  } else if (failure) {
    outcome = FailureOutcome(ToWire(failure->kind),
                             {ErrorCode::kInternal, std::move(failure->type),
                              std::move(failure->hint), std::move(failure->detail)});
  } else {
    outcome.state = JobState::kSucceeded;
    outcome.parts = context.TakeParts();
  }
  outcome.timings.cpu = ThreadCpu() - cpu_begin;
  outcome.timings.run = SteadyClock::now() - begin;
  return outcome;
}

}  // namespace headrace
