#include "handler/thread_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

namespace headrace {
namespace {

using ::testing::HasSubstr;
using Answer = std::optional<Failure>;

class LambdaHandler final : public Handler {
 public:
  explicit LambdaHandler(std::function<Answer(const headrace::Job&, Context&)> run)
      : run_(std::move(run)) {}
  Answer Run(const headrace::Job& job, Context& context) override { return run_(job, context); }

 private:
  std::function<Answer(const headrace::Job&, Context&)> run_;
};

QueuedJob AJob() {
  QueuedJob job;
  job.id = "id";
  job.queue_name = "queue";
  job.payload = Payload::FromString("payload");
  job.params = {{"a", "b"}};
  job.attempt = 4;
  job.traceparent = "request";
  job.run_trace.Set("trace");
  job.tracestate = "state";
  job.media_type = "text/plain";
  return job;
}

Outcome RunHandler(std::function<Answer(const headrace::Job&, Context&)> run,
                   const QueuedJob& job = AJob(), std::uint64_t max_result = 1000) {
  LambdaHandler handler(std::move(run));
  return ThreadRunner(handler, max_result).Run(job);
}

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(ThreadRunnerTest, ShowsTheHandlerTheWholeJob) {
  const Outcome outcome = RunHandler([](const headrace::Job& job, Context& context) -> Answer {
    EXPECT_EQ(job.id, "id");
    EXPECT_EQ(job.queue, "queue");
    EXPECT_EQ(job.attempt, 4U);
    EXPECT_EQ(job.traceparent, "trace");
    EXPECT_EQ(job.tracestate, "state");
    EXPECT_EQ(job.media_type, "text/plain");
    EXPECT_EQ(job.params.at("a"), "b");
    EXPECT_FALSE(context.Cancelled());
    EXPECT_EQ(context.Deadline(), SteadyTime::max());
    EXPECT_TRUE(context.AddPart("echo", "a/b", job.payload));
    return std::nullopt;
  });
  ASSERT_EQ(outcome.state, JobState::kSucceeded);
  ASSERT_EQ(outcome.parts.size(), 1U);
  EXPECT_EQ(outcome.parts[0].name, "echo");
  EXPECT_EQ(outcome.parts[0].media_type, "a/b");
  EXPECT_EQ(outcome.parts[0].bytes.size(), 7U);
  EXPECT_NE(outcome.parts[0].crc32, 0U);
}

TEST(ThreadRunnerTest, KeepsTheProgressWithTheJob) {
  const QueuedJob job = AJob();
  RunHandler(
      [](const auto&, Context& context) -> Answer {
        context.Progress(9, 4);  // more than all is all
        return std::nullopt;
      },
      job);
  EXPECT_EQ(job.progress.Get().done, 4U);
  EXPECT_EQ(job.progress.Get().total, 4U);
}

TEST(ThreadRunnerTest, PassesAFailureOn) {
  const Outcome outcome = RunHandler([](const auto&, auto&) -> Answer {
    return Failure{Failure::Kind::kBadPayload, "not-a-thing", "hint", "detail"};
  });
  EXPECT_EQ(outcome.state, JobState::kFailed);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kUnprocessable);
  EXPECT_EQ(outcome.error->type, "not-a-thing");
  EXPECT_EQ(outcome.error->hint, "hint");
  EXPECT_EQ(outcome.error->detail, "detail");
}

TEST(ThreadRunnerTest, EndsWithInternalErrorWhateverTheHandlerThrows) {
  const Outcome known =
      RunHandler([](const auto&, auto&) -> Answer { throw std::runtime_error("secret"); });
  ASSERT_TRUE(known.error);
  EXPECT_EQ(known.error->code, ErrorCode::kInternal);
  EXPECT_EQ(known.error->type, "handler-failed");
  EXPECT_EQ(known.error->detail, "secret");
  EXPECT_THAT(known.error->hint, ::testing::Not(HasSubstr("secret")));
  const Outcome unknown = RunHandler([](const auto&, auto&) -> Answer { throw 7; });
  ASSERT_TRUE(unknown.error);
  EXPECT_EQ(unknown.error->type, "handler-failed");
}

TEST(ThreadRunnerTest, RefusesPartsWithoutAPlainFileName) {
  const Outcome outcome = RunHandler([](const auto&, Context& context) -> Answer {
    static_cast<void>(context.AddPart("../x", "a/b", {}));
    return std::nullopt;
  });
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kInternal);
  EXPECT_THAT(outcome.error->detail, HasSubstr("'../x'"));
}

TEST(ThreadRunnerTest, FailsAResultThatIsTooLarge) {
  const Outcome outcome = RunHandler([](const auto&, Context& context) -> Answer {
    EXPECT_TRUE(context.AddPart("a", "a/b", Bytes(std::string(600, 'x'))));
    EXPECT_FALSE(context.AddPart("b", "a/b", Bytes(std::string(600, 'x'))));
    EXPECT_FALSE(context.AddPart("c", "a/b", Bytes("x")));
    return std::nullopt;
  });
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kHandlerCrashed);
  EXPECT_EQ(outcome.error->type, "result-too-large");
  EXPECT_TRUE(outcome.parts.empty());
}

TEST(ThreadRunnerTest, AccountsForPartsWhileTheHandlerRuns) {
  Ledger ledger(1000);
  LambdaHandler handler([&](const auto&, Context& context) -> Answer {
    EXPECT_TRUE(context.AddPart("a", "a/b", Bytes(std::string(600, 'x'))));
    EXPECT_EQ(ledger.Used(MemoryUse::kResults), 600U);
    return std::nullopt;
  });
  EXPECT_EQ(ThreadRunner(handler, 1000, {&ledger, nullptr}).Run(AJob()).parts.size(), 1U);
  EXPECT_EQ(ledger.Used(), 0U) << "the outcome is its taker's to account for";
}

TEST(ThreadRunnerTest, TellsTheHandlerThatTheJobIsCancelled) {
  QueuedJob job = AJob();
  const Outcome outcome = RunHandler(
      [&](const auto&, Context& context) -> Answer {
        EXPECT_FALSE(context.Cancelled());
        job.cancel.Cancel(CancelReason::kDisconnected);
        EXPECT_TRUE(context.Cancelled());
        EXPECT_FALSE(context.AddPart("a", "a/b", {}));
        return std::nullopt;
      },
      job);
  EXPECT_EQ(outcome.state, JobState::kCancelled);
  EXPECT_TRUE(outcome.error);
}

TEST(ThreadRunnerTest, ExpiresAtTheDeadline) {
  QueuedJob job = AJob();
  job.deadline = Deadline::After(std::chrono::milliseconds(10));
  const Outcome outcome = RunHandler(
      [&](const auto&, Context& context) -> Answer {
        EXPECT_EQ(context.Deadline(), job.deadline.time());
        while (!context.Cancelled()) {
        }
        return std::nullopt;
      },
      job);
  EXPECT_EQ(outcome.state, JobState::kExpired);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->code, ErrorCode::kDeadlineExceeded);
}

TEST(ThreadRunnerTest, CountsTheCpuTimeOfItsThread) {
  const Outcome outcome = RunHandler([](const auto&, auto&) -> Answer {
    timespec now{};
    do {
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    } while (now.tv_sec == 0 && now.tv_nsec < 20'000'000);
    return std::nullopt;
  });
  EXPECT_GT(outcome.timings.cpu.count(), 0);
  EXPECT_GE(outcome.timings.run.count(), outcome.timings.cpu.count() * 0.5);
}

}  // namespace
}  // namespace headrace
