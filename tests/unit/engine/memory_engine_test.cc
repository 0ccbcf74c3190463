#include "engine/memory/memory_engine.h"

#include <gtest/gtest.h>

#include "engine_contract.h"

namespace headrace {
namespace {

struct MemoryFactory {
  static std::unique_ptr<Engine> Make(const std::vector<QueueOptions>& queues) {
    return std::make_unique<MemoryEngine>(queues);
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, EngineContract, MemoryFactory);

TEST(MemoryEngine, ForgetsAJobWithItsPayloadWhenItHasEnded) {
  MemoryEngine engine({{"queue", 1, 1}});
  std::weak_ptr<const QueuedJob> watch;
  {
    JobPtr job = MakeJob(0, 1000);
    watch = job;
    PushTo(engine, std::move(job));
  }
  const std::string id = watch.lock()->id;
  engine.Claim(0);
  FinishAs(engine, id, 1, JobState::kSucceeded);
  EXPECT_TRUE(watch.expired());
}

TEST(MemoryEngine, TakesOverOtherPlacesTimesAndAttemptsWhileItRuns) {
  MemoryEngine engine({{"queue", 1, 1}});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(PushTo(engine, MakeJob()), PushResult::kAccepted);
  EXPECT_EQ(PushTo(engine, MakeJob()), PushResult::kFull);
  engine.Reload({{"queue", 1, 2, std::chrono::seconds(1), std::chrono::seconds(2), 5}});
  EXPECT_EQ(engine.Figures(0).capacity, 2U);
  auto kept = MakeJob();
  kept->kept = true;
  kept->expires = Deadline::After(std::chrono::hours(1));
  EXPECT_EQ(PushTo(engine, kept), PushResult::kAccepted);
  engine.Reload({{"queue", 1, 0, std::chrono::seconds(1), std::chrono::seconds(2), 5}});
  EXPECT_EQ(engine.Figures(0).waiting, 3U) << "they stay";
  EXPECT_EQ(PushTo(engine, MakeJob()), PushResult::kFull);
  for (int i = 0; i < 2; ++i) engine.Claim(0);
  const auto claimed = engine.Claim(0);
  ASSERT_TRUE(claimed);
  EXPECT_LE((*claimed)->deadline.time(), SteadyClock::now() + std::chrono::seconds(2))
      << "run_timeout";
}

}  // namespace
}  // namespace headrace
