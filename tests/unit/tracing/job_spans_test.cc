#include "tracing/job_spans.h"

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/jobs.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;

const std::string kSampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

class JobSpansTest : public testing::Test {
 protected:
  JobSpansTest() {
    job_->traceparent = kSampled;
    job_->tracestate = "a=1";
    job_->attempt = 2;
  }

  static std::string Text(const Span& span, std::string_view name) {
    for (const auto& [key, value] : span.attributes) {
      if (key == name) return std::get<std::string>(value);
    }
    return {};
  }
  static bool Has(const Span& span, std::string_view name) {
    return std::any_of(span.attributes.begin(), span.attributes.end(),
                       [&](const auto& each) { return each.first == name; });
  }

  std::vector<Span> spans_;
  Tracer tracer_{1, [this](Span span) { spans_.push_back(std::move(span)); }};
  std::shared_ptr<QueuedJob> job_ = MakeJob();
};

TEST_F(JobSpansTest, MakeNothingWithoutATracerOrOfATraceThatIsNotSampled) {
  JobSpans off(nullptr, *job_);
  off.RecordWait(SteadyClock::now(), nullptr);
  off.BeginRun();
  off.RecordRun(SteadyClock::now(), SteadyClock::now(), Outcome());
  EXPECT_EQ(job_->Traceparent(), kSampled);
  for (const std::string& text : {kSampled.substr(0, 54) + "0", std::string()}) {
    job_->traceparent = text;
    JobSpans spans(&tracer_, *job_);
    spans.RecordWait(SteadyClock::now(), nullptr);
    spans.BeginRun();
    EXPECT_EQ(job_->Traceparent(), text);
  }
  EXPECT_TRUE(spans_.empty());
}

TEST_F(JobSpansTest, AreBothBelowTheRequestsSpan) {
  const SteadyTime claimed = job_->accepted_at + milliseconds(5);
  Outcome outcome;
  outcome.state = JobState::kSucceeded;
  outcome.timings.cpu = Seconds(0.5);
  outcome.timings.peak_memory = 4096;
  JobSpans spans(&tracer_, *job_);
  spans.RecordWait(claimed, nullptr);
  spans.BeginRun();
  spans.RecordRun(claimed, claimed + milliseconds(7), outcome);
  ASSERT_EQ(spans_.size(), 2U);
  for (const Span& span : spans_) {
    EXPECT_EQ(span.context.trace(), kSampled.substr(3, 32));
    EXPECT_EQ(std::string(span.parent_id.data(), 16), "b7ad6b7169203331");
    EXPECT_EQ(span.trace_state, "a=1");
    EXPECT_EQ(span.kind, SpanKind::kInternal);
    EXPECT_EQ(Text(span, "headrace.job.id"), job_->id);
    EXPECT_EQ(Text(span, "headrace.queue"), job_->queue_name);
    EXPECT_FALSE(span.failed);
  }
  const Span& wait = spans_[0];
  const Span& run = spans_[1];
  EXPECT_NE(wait.context.span(), run.context.span());
  EXPECT_EQ(wait.name, "headrace.queue wait");
  EXPECT_EQ(wait.start, job_->accepted_at);
  EXPECT_EQ(wait.end, claimed);
  EXPECT_EQ(run.name, "headrace.job run");
  EXPECT_EQ(run.start, claimed);
  EXPECT_EQ(run.end, claimed + milliseconds(7));
  EXPECT_EQ(Text(run, "headrace.job.outcome"), "succeeded");
  EXPECT_EQ(std::get<double>(run.attributes.at(4).second), 0.5);
  EXPECT_EQ(std::get<std::int64_t>(run.attributes.at(5).second), 4096);
}

TEST_F(JobSpansTest, ShowTheHandlerTheRunsSpan) {
  JobSpans spans(&tracer_, *job_);
  spans.BeginRun();
  spans.RecordRun(SteadyClock::now(), SteadyClock::now(), Outcome());
  EXPECT_EQ(job_->Traceparent(), ToTraceparent(spans_.at(0).context));
  EXPECT_EQ(job_->traceparent, kSampled);
  EXPECT_EQ(QueuedJob(*job_).Traceparent(), kSampled) << "a copy is not at work";
}

TEST_F(JobSpansTest, TellWhyAJobFailedButOfNoneThatWasCancelled) {
  JobSpans spans(&tracer_, *job_);
  const Error error{ErrorCode::kHandlerCrashed, "handler-crashed", "it crashed", "signal 11"};
  spans.RecordRun({}, {}, EndedAs(JobState::kFailed, error));
  spans.RecordRun({}, {}, EndedAs(JobState::kCancelled, error));
  const Outcome expired =
      EndedAs(JobState::kExpired, {ErrorCode::kDeadlineExceeded, "deadline", "too late", {}});
  spans.RecordWait({}, &expired);
  ASSERT_EQ(spans_.size(), 3U);
  EXPECT_TRUE(spans_[0].failed);
  EXPECT_EQ(spans_[0].failure, "signal 11");
  EXPECT_EQ(Text(spans_[0], "error.type"), "handler-crashed");
  EXPECT_FALSE(Has(spans_[0], "headrace.job.peak_memory"));
  EXPECT_FALSE(spans_[1].failed);
  EXPECT_EQ(Text(spans_[1], "headrace.job.outcome"), "cancelled");
  EXPECT_TRUE(spans_[2].failed);
  EXPECT_EQ(spans_[2].failure, "too late");
}

TEST_F(JobSpansTest, BeginALaterAttemptsWaitWhenTheOneBeforeHadEnded) {
  job_->waits_since = job_->accepted_at + milliseconds(50);
  JobSpans(&tracer_, *job_).RecordWait(job_->accepted_at + milliseconds(60), nullptr);
  EXPECT_EQ(spans_.at(0).start, job_->waits_since);
}

}  // namespace
}  // namespace headrace
