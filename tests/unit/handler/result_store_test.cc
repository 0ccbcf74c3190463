// What the results of jobs that still run hold of the memory budget.
#include "handler/result_store.h"

#include <filesystem>

#include "handler/job_result.h"
#include "pool_fixture.h"

namespace headrace {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20U;

// A budget of 4 MiB, of which results may hold the half.
class RunningResults : public PoolTest {
 protected:
  RunningResults() {
    auto spool = Spool::Open(std::filesystem::temp_directory_path(), 100 * kMiB);
    if (spool) spool_.emplace(*std::move(spool));
    store_ = ResultStore(&ledger_, spool_ ? &*spool_ : nullptr);
    options_.store = store_;
  }
  void SetUp() override {
    PoolTest::SetUp();
    if (!spool_) GTEST_SKIP() << "the folder of temporary files is no disk";
  }

  static ResultPart Part(std::size_t size) {
    return {"part", "a/b", Payload::FromString(std::string(size, 'x')), 0};
  }
  [[nodiscard]] std::uint64_t Held() const { return ledger_.Used(MemoryUse::kResults); }

  Ledger ledger_{4 * kMiB};
  std::optional<Spool> spool_;
  ResultStore store_;
};

TEST_F(RunningResults, HoldWhatTheirPartsDoUntilSomebodyTakesThem) {
  JobResult result(100 * kMiB, nullptr, nullptr, store_);
  result.Add(std::nullopt, Part(1000));
  result.Add(7, Part(500));  // of a task whose turn has not come
  EXPECT_EQ(Held(), 1500U);
  const auto parts = result.Take();
  EXPECT_EQ(Held(), 500U);
}

TEST_F(RunningResults, GoToTheDiskOnceResultsHoldHalfOfTheBudget) {
  JobResult result(100 * kMiB, nullptr, nullptr, store_);
  for (int i = 0; i < 5; ++i) result.Add(std::nullopt, Part(kMiB));
  EXPECT_EQ(Held(), 2 * kMiB);
  EXPECT_EQ(spool_->Used(), 3 * kMiB);
  auto parts = result.Take();
  for (ResultPart& part : parts) store_.Keep(part);
  EXPECT_EQ(Held(), 2 * kMiB) << "those on the disk hold nothing";
  EXPECT_EQ(spool_->Used(), 3 * kMiB) << "and are not written again";
  EXPECT_EQ(parts.back().bytes.Bytes()[kMiB - 1], std::byte{'x'});
}

TEST_F(RunningResults, AreHandedOnWithoutAChargeOfTheirOwn) {
  std::size_t held = 1;
  JobResult result(
      100 * kMiB, [&](const ResultPart&) { held += Held(); }, nullptr, store_);
  ASSERT_TRUE(result.Announce(2));
  while (result.NextTask()) continue;
  result.Add(1, Part(500));
  result.Complete(1);
  EXPECT_EQ(Held(), 500U);
  result.Complete(0);
  EXPECT_EQ(held, 1U);
}

TEST_F(RunningResults, HoldThePartThatAnExecutorStillWrites) {
  ExecutorPool& pool = Pool();
  QueuedJob job = Job({{"do", "ask"}, {"size", "3000000"}});
  auto running = std::async(std::launch::async, [&] { return pool.Run(job); });
  Spawn([&] { return Held() == 3'000'000; });
  job.cancel.Cancel(CancelReason::kDeleted);
  EXPECT_EQ(running.get().state, JobState::kCancelled);
  EXPECT_EQ(Held(), 0U);
}

TEST_F(RunningResults, OfAnExecutorLieOnTheDiskAtItsEnd) {
  const Outcome& outcome = Run({{"do", "parts"}, {"count", "4"}, {"size", "1048576"}});
  ASSERT_EQ(outcome.parts.size(), 4U);
  EXPECT_EQ(spool_->Used(), 2 * kMiB);
  EXPECT_EQ(Held(), 0U) << "the outcome is its taker's to account for";
}

// Results may wait for long; who comes meanwhile needs descriptors.
TEST_F(PoolTest, PartsKeepNoMoreDescriptorsThanTheyMay) {
  constexpr std::size_t kParts = 100;
  Ledger descriptors(50);
  options_.store = ResultStore(nullptr, nullptr, &descriptors);
  const Outcome outcome = Pool().Run(Job({{"do", "parts"}, {"count", "100"}, {"size", "70000"}}));
  ASSERT_EQ(outcome.parts.size(), kParts);
  std::size_t kept = 0;
  for (const ResultPart& part : outcome.parts) {
    if (part.bytes.InMemfd()) ++kept;
    EXPECT_EQ(TextOf(part), std::string(70'000, 'x'));
  }
  EXPECT_EQ(kept, 50U);
}

TEST(ResultStore, GivesTheDescriptorsOfPartsThatAreGoneToOthers) {
  Ledger descriptors(1);
  const ResultStore store(nullptr, nullptr, &descriptors);
  const auto part = [&](std::size_t size) {
    auto memfd = Payload::FromString(std::string(size, 'x')).ToMemfd();
    return *store.WithinDescriptors(Payload::FromMemfd(std::move(*memfd), size));
  };
  EXPECT_FALSE(part(1000).InMemfd()) << "too small to need one";
  auto first = part(70'000);
  EXPECT_TRUE(first.InMemfd());
  EXPECT_FALSE(part(70'000).InMemfd());
  EXPECT_TRUE(part(kMiB).InMemfd()) << "too large for a copy";
  first = {};
  EXPECT_TRUE(part(70'000).InMemfd());
}

}  // namespace
}  // namespace headrace
