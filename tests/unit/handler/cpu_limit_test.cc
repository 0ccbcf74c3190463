#include "pool_fixture.h"

// Each of these burns a second or more of CPU time, the least that the kernel can limit.
namespace headrace {
namespace {

class CpuLimitTest : public PoolTest {};

TEST_F(CpuLimitTest, StopsAJobAtItsCpuLimit) {
  options_.cpu = std::chrono::seconds(1);
  ExpectFailure(Run({{"do", "burn"}}), ErrorCode::kHandlerCrashed, "executor-crashed", "cpu limit");
  EXPECT_GE(outcome_.timings.cpu.count(), 0.7);
  EXPECT_EQ(Deaths(ExecutorDeath::kCpu), 1U);
  ExpectNextJobWorks();
}

TEST_F(CpuLimitTest, GivesEachJobOfARecycledExecutorItsOwnLimit) {
  options_.cpu = std::chrono::seconds(1);
  options_.recycle_after = 10;
  const std::string first = TextOf(Run({{"do", "pid"}}).parts.at(0));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Run({{"do", "burn-for"}, {"ms", "800"}}).state, JobState::kSucceeded) << i;
  }
  EXPECT_EQ(TextOf(Run({{"do", "pid"}}).parts.at(0)), first);
  ExpectFailure(Run({{"do", "burn"}}), ErrorCode::kHandlerCrashed, "executor-crashed", "cpu limit");
  EXPECT_GE(outcome_.timings.cpu.count(), 0.7);
  EXPECT_LT(outcome_.timings.cpu.count(), 5);  // the kernel counts ticks, not time
  EXPECT_EQ(Deaths(ExecutorDeath::kCpu), 1U);
  ExpectNextJobWorks();
}

TEST_F(CpuLimitTest, KillsAJobThatIgnoresItsCpuLimit) {
  options_.cpu = std::chrono::seconds(1);
  ExpectFailure(Run({{"do", "burn-ignoring"}}), ErrorCode::kHandlerCrashed, "executor-crashed",
                "cpu limit");
  EXPECT_LT(outcome_.timings.cpu.count(), 5);  // the kernel looks about once a second
  EXPECT_EQ(Deaths(ExecutorDeath::kCpu), 1U);
}

}  // namespace
}  // namespace headrace
