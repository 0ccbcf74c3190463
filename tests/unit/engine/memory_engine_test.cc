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

}  // namespace
}  // namespace headrace
