// What a worker records of the jobs whose traces are sampled.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/memory/memory_engine.h"
#include "support/engine_calls.h"
#include "support/event.h"
#include "support/jobs.h"
#include "tracing/tracer.h"
#include "worker/worker_pool.h"

namespace headrace {
namespace {

class SeeingRunner final : public Runner {
 public:
  Outcome Run(const QueuedJob& job) override {
    seen = job.Traceparent();
    Outcome outcome;
    outcome.state = JobState::kSucceeded;
    return outcome;
  }
  std::string seen;
};

TEST(WorkerSpans, AreTheWaitAndTheRunThatTheRunnerSees) {
  std::vector<Span> spans;  // of one worker
  const Tracer tracer(1, [&](Span span) { spans.push_back(std::move(span)); });
  SeeingRunner runner;
  MemoryEngine engine(std::vector<QueueOptions>{{"queue", 1, 1}});
  Metrics metrics({"queue"}, engine, "test");
  SlotPool slots(1);
  Event finished;
  WorkerPool::Listener listener;
  listener.on_ran = [&](const JobPtr& job, const Outcome& outcome) {
    EXPECT_TRUE(FinishAs(engine, job->id, job->attempt, outcome));
    finished.Set();
  };
  listener.tracer = &tracer;
  const auto job = MakeJob();
  job->traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const auto late = MakeJob();
  late->traceparent = job->traceparent;
  late->deadline = Deadline::At(SteadyClock::now());
  EXPECT_EQ(PushTo(engine, job), PushResult::kAccepted);
  EXPECT_EQ(PushTo(engine, late), PushResult::kAccepted);
  WorkerPool pool({{"queue", 1, true, &runner}}, engine, slots, metrics, std::move(listener));
  pool.Start();
  ASSERT_TRUE(finished.Wait(2));
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(spans[0].name, "headrace.queue wait");
  EXPECT_EQ(spans[1].name, "headrace.job run");
  EXPECT_EQ(runner.seen, ToTraceparent(spans[1].context));
  EXPECT_EQ(spans[0].end, spans[1].start);
  EXPECT_EQ(spans[2].name, "headrace.queue wait") << "it was claimed too late for a run";
  EXPECT_TRUE(spans[2].failed);
}

}  // namespace
}  // namespace headrace
