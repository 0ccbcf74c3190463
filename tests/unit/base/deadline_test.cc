#include "base/deadline.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;

TEST(Deadline, ThatIsNeverNeverPassesAndPollsForEver) {
  EXPECT_FALSE(Deadline::Never().Passed());
  EXPECT_EQ(Deadline::Never().PollTimeout(), -1);
}

TEST(Deadline, PassesAtItsInstant) {
  EXPECT_TRUE(Deadline::At(SteadyClock::now()).Passed());
  EXPECT_FALSE(Deadline::After(hours(1)).Passed());
}

TEST(Deadline, PollsForZeroOnceItHasPassed) {
  EXPECT_EQ(Deadline::At(SteadyClock::now() - hours(1)).PollTimeout(), 0);
}

TEST(Deadline, RoundsUpSoThatPollDoesNotSpin) {
  EXPECT_GE(Deadline::After(hours(1) + microseconds(1)).PollTimeout(), 3'599'000);
  EXPECT_LE(Deadline::After(hours(1)).PollTimeout(), 3'600'000);
}

TEST(Deadline, OfManyYearsDoesNotOverflowPoll) {
  EXPECT_GT(Deadline::After(hours(24 * 365 * 50)).PollTimeout(), 0);
}

TEST(Deadline, SortsByItsInstant) {
  EXPECT_LT(Deadline::After(hours(1)), Deadline::After(hours(2)));
  EXPECT_LT(Deadline::After(hours(2)), Deadline::Never());
}

}  // namespace
}  // namespace headrace
