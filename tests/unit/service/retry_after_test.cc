#include "service/retry_after.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace headrace {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kNoJitter = 0;
const SteadyTime kStart = SteadyTime() + seconds(1'000);

TEST(RetrySchedule, ExpectsWorkersPerExpectedRunBeforeTheFirstJobHasEnded) {
  RetrySchedule two_per_second(2, Seconds(1));
  EXPECT_DOUBLE_EQ(two_per_second.DrainRate(), 2);
  EXPECT_EQ(two_per_second.Promise(kStart, kNoJitter), 1);
}

TEST(RetrySchedule, SpreadsThoseWhoAreRefusedAsFastAsJobsEnd) {
  RetrySchedule one_per_second(1, Seconds(1));
  for (int nth = 1; nth <= 5; ++nth) EXPECT_EQ(one_per_second.Promise(kStart, kNoJitter), nth);
}

TEST(RetrySchedule, ForgetsAPromiseOnceItsTimeIsOver) {
  RetrySchedule one_per_second(1, Seconds(1));
  for (int i = 0; i < 4; ++i) one_per_second.Promise(kStart, kNoJitter);  // due at +1, +2, +3, +4
  EXPECT_EQ(one_per_second.Promise(kStart + seconds(2), kNoJitter), 3);
  EXPECT_EQ(one_per_second.Promise(kStart + seconds(600), kNoJitter), 1);
}

TEST(RetrySchedule, AddsAtMostAFifthAsJitter) {
  RetrySchedule one_in_ten(1, Seconds(10));
  EXPECT_EQ(one_in_ten.Promise(kStart, 0.999), 11);
  RetrySchedule again(1, Seconds(10));
  EXPECT_EQ(again.Promise(kStart, 0.5), 11);
  RetrySchedule once_more(1, Seconds(10));
  EXPECT_EQ(once_more.Promise(kStart, kNoJitter), 10);
}

TEST(RetrySchedule, StaysBetweenOneSecondAndFiveMinutes) {
  RetrySchedule quick(100, Seconds(0.001));
  EXPECT_EQ(quick.Promise(kStart, kNoJitter), 1);
  RetrySchedule slow(1, Seconds(3600));
  EXPECT_EQ(slow.Promise(kStart, 0.9), 300);
  EXPECT_EQ(slow.Promise(kStart + seconds(299), 0.9), 300);
}

TEST(RetrySchedule, MeasuresTheRateOnlyWhileTheQueueIsNotEmpty) {
  RetrySchedule rate(1, Seconds(100));
  SteadyTime now = kStart;
  rate.OnFinished(now, true);
  for (int i = 0; i < 10; ++i) rate.OnFinished(now += milliseconds(250), true);
  rate.OnFinished(now += milliseconds(250), false);
  EXPECT_DOUBLE_EQ(rate.DrainRate(), 4);
  rate.OnFinished(now += seconds(1'000), false);  // idle for long: says nothing about the speed
  EXPECT_DOUBLE_EQ(rate.DrainRate(), 4);
}

TEST(RetrySchedule, FollowsALoadThatChanges) {
  RetrySchedule rate(1, Seconds(1));
  SteadyTime now = kStart;
  for (int i = 0; i < 2'000; ++i) rate.OnFinished(now += milliseconds(100), true);
  EXPECT_NEAR(rate.DrainRate(), 10, 0.1);
  for (int i = 0; i < 300; ++i) rate.OnFinished(now += seconds(2), true);
  EXPECT_NEAR(rate.DrainRate(), 0.5, 0.2);
}

TEST(RetrySchedule, KeepsItsCountWhenManyAskAtOnce) {
  RetrySchedule shared(1, Seconds(1));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) shared.Promise(kStart, kNoJitter);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(shared.Promise(kStart, kNoJitter), 101);
}

TEST(RetrySchedule, ExpectsSomethingElseWhenItIsTold) {
  RetrySchedule schedule(1, Seconds(1));
  schedule.Expect(4, Seconds(2));
  EXPECT_DOUBLE_EQ(schedule.DrainRate(), 2);
  schedule.OnFinished(kStart, true);
  schedule.OnFinished(kStart + seconds(1), true);
  schedule.Expect(8, Seconds(1));
  EXPECT_DOUBLE_EQ(schedule.DrainRate(), 1) << "what was measured counts on";
}

}  // namespace
}  // namespace headrace
