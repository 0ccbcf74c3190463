#include "engine/records.h"

#include <gtest/gtest.h>

#include <chrono>

#include "base/utc_time.h"

namespace headrace {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr double kNear = 0.5;  // seconds that a busy machine may lose

QueuedJob AcceptedBefore(seconds age) {
  QueuedJob job;
  job.accepted_at = SteadyClock::now() - age;
  return job;
}

TEST(TimingsSoFar, OfAJobThatRunsAreSplitAtTheStartOfItsAttempt) {
  QueuedJob job = AcceptedBefore(seconds(10));
  job.started = UtcNow() - seconds(4);
  const JobTimings timings = TimingsSoFar(job, true);
  EXPECT_NEAR(timings.wait.count(), 6, kNear);
  EXPECT_NEAR(timings.run.count(), 4, kNear);
}

TEST(TimingsSoFar, OfAJobThatWaitsHaveNoRunWhateverItsFormerAttemptsWere) {
  QueuedJob job = AcceptedBefore(seconds(10));
  job.started = UtcNow() - seconds(4);
  const JobTimings timings = TimingsSoFar(job, false);
  EXPECT_NEAR(timings.wait.count(), 10, kNear);
  EXPECT_EQ(timings.run.count(), 0);
}

TEST(TimingsSoFar, AreNeverNegativeWhereTheClockWasSet) {
  QueuedJob job = AcceptedBefore(seconds(10));
  job.started = UtcNow() + hours(1);
  EXPECT_EQ(TimingsSoFar(job, true).run.count(), 0);
  job.started = UtcNow() - hours(1);
  EXPECT_GE(TimingsSoFar(job, true).wait.count(), 0);
  EXPECT_NEAR(TimingsSoFar(job, true).run.count(), 10, kNear);
}

TEST(TimingsSoFar, OfAJobThatCameBackAreNeverNegativeWhereTheClockWasSetBack) {
  KeptJob kept;
  kept.accepted = UtcNow() + hours(1);
  const auto job = JobOf(kept, 0);
  EXPECT_LE(job->accepted_at, SteadyClock::now());
  job->started = UtcNow();
  for (const bool runs : {false, true}) {
    const JobTimings timings = TimingsSoFar(*job, runs);
    EXPECT_GE(timings.wait.count(), 0);
    EXPECT_GE(timings.run.count(), 0);
  }
}

}  // namespace
}  // namespace headrace
