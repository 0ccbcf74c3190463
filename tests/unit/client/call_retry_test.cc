// When a call is made again, and when not.
#include "client/call_retry.h"

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "client/exit_codes.h"
#include "client/pause.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr milliseconds kFirst{500};

Error Full(int retry_after) {
  return {ErrorCode::kOverloaded, "/problems/queue-full", "full", "", retry_after};
}

TEST(Backoff, DoublesUpToALimitAndIsSpread) {
  EXPECT_EQ(BackoffDelay(kFirst, 0, 0), milliseconds(500));
  EXPECT_EQ(BackoffDelay(kFirst, 1, 0), milliseconds(1'000));
  EXPECT_EQ(BackoffDelay(kFirst, 4, 0), milliseconds(8'000));
  EXPECT_EQ(BackoffDelay(kFirst, 400, 0), milliseconds(8'000));
  EXPECT_EQ(BackoffDelay(kFirst, 0, 1), milliseconds(375));
  for (int i = 0; i < 100; ++i) {
    EXPECT_GE(BackoffDelay(kFirst, 2), milliseconds(1'500));
    EXPECT_LE(BackoffDelay(kFirst, 2), milliseconds(2'000));
  }
}

TEST(Pause, EndsWithItsTimeOrWhenItIsCancelled) {
  CancelToken cancel;
  EXPECT_TRUE(PauseUntil(cancel, Deadline::After(milliseconds(1))));
  std::thread other([&] { cancel.Cancel(CancelReason::kShutdown); });
  EXPECT_FALSE(PauseUntil(cancel, Deadline::After(seconds(30))));
  other.join();
  EXPECT_FALSE(PauseUntil(cancel, Deadline::After(seconds(0))));
}

TEST(CallRetry, WaitsForRetryAfterAndTellsHowLongStill) {
  std::vector<std::int64_t> told;
  CallRetry retry({}, Deadline::Never(), {1, milliseconds(10)},
                  [&](const std::string& why, seconds left) {
                    EXPECT_EQ(why, "full");
                    told.push_back(left.count());
                  });
  const SteadyTime start = SteadyClock::now();
  EXPECT_TRUE(retry.Again(Full(2)).ok());
  EXPECT_GE(SteadyClock::now() - start, seconds(2));
  EXPECT_THAT(told, ElementsAre(2, 1));
}

TEST(CallRetry, GivesUpAfterTheLastTryAndSaysSo) {
  CallRetry retry({}, Deadline::Never(), {0, milliseconds(10)},
                  [](const std::string&, seconds) { FAIL(); });
  const auto again = retry.Again(Full(300));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(ExitCodeOf(again.error().code), ExitCode::kNotInTime);
  CallRetry once({}, Deadline::Never(), {1, milliseconds(10)}, [](const std::string&, seconds) {});
  const Error lost = Broken("unreachable", "gone");
  EXPECT_TRUE(once.Again(lost).ok());
  const auto last = once.Again(lost);
  ASSERT_FALSE(last.ok());
  EXPECT_THAT(last.error().hint, HasSubstr("given up after 1 retry"));
  EXPECT_EQ(ExitCodeOf(last.error().code), ExitCode::kBroken);
  once.Reset();
  EXPECT_TRUE(once.Again(lost).ok());
}

TEST(CallRetry, DoesNotWaitBeyondTheDeadline) {
  CallRetry retry({}, Deadline::After(seconds(20)), {},
                  [](const std::string&, seconds) { FAIL(); });
  const auto again = retry.Again(Full(300));
  ASSERT_FALSE(again.ok());
  EXPECT_THAT(again.error().hint, HasSubstr("--timeout"));
}

TEST(CallRetry, DoesNotRepeatWhatWouldFailAgain) {
  CallRetry retry({}, Deadline::Never(), {9, milliseconds(10)},
                  [](const std::string&, seconds) { FAIL(); });
  for (const Error& error : {Refusal("bad"), JobFailure("failed"), Broken("untrusted", "x"),
                             Broken("cannot-write", "x"), NotInTime("late")}) {
    EXPECT_FALSE(retry.Again(error).ok()) << error.hint;
  }
}

TEST(CallRetry, IsInterrupted) {
  CancelToken cancel;
  CallRetry retry(cancel, Deadline::Never(), {9, milliseconds(10)},
                  [&](const std::string&, seconds) { cancel.Cancel(CancelReason::kShutdown); });
  const auto again = retry.Again(Full(300));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(ExitCodeOf(again.error().code), ExitCode::kInterrupted);
}

}  // namespace
}  // namespace headrace
