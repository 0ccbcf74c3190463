#include "base/ledger.h"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <thread>
#include <utility>
#include <vector>

namespace headrace {
namespace {

TEST(Ledger, HoldsUpToItsBudgetAndNoByteMore) {
  Ledger ledger(100);
  auto all = ledger.TryCharge(MemoryUse::kUploads, 100);
  ASSERT_TRUE(all);
  EXPECT_FALSE(ledger.TryCharge(MemoryUse::kUploads, 1));
  all->Free();
  EXPECT_TRUE(ledger.TryCharge(MemoryUse::kUploads, 1));
}

TEST(Ledger, RefusesASizeThatWouldWrapAround) {
  Ledger ledger(100);
  const auto held = ledger.TryCharge(MemoryUse::kUploads, 50);
  EXPECT_FALSE(ledger.TryCharge(MemoryUse::kUploads, std::numeric_limits<std::size_t>::max()));
  EXPECT_FALSE(ledger.HasRoomFor(std::numeric_limits<std::uint64_t>::max()));
  EXPECT_EQ(ledger.Used(), 50U);
}

TEST(Ledger, HoldsWhatExistsOverTheBudgetToo) {
  Ledger ledger(100);
  auto charge = ledger.ChargeAnyway(MemoryUse::kResults, 60);
  charge.GrowAnyway(60);
  EXPECT_EQ(charge.bytes(), 120U);
  EXPECT_EQ(ledger.Used(MemoryUse::kResults), 120U);
  EXPECT_FALSE(ledger.HasRoomFor(0));
  charge.ShrinkTo(0);
  EXPECT_EQ(ledger.Used(), 0U);
  Ledger::Charge none;
  none.GrowAnyway(60);
  EXPECT_EQ(none.bytes(), 0U);
}

TEST(Ledger, GetsTheBytesBackWhenTheChargeIsDestroyed) {
  Ledger ledger(100);
  { const auto held = ledger.TryCharge(MemoryUse::kResults, 60); }
  EXPECT_EQ(ledger.Used(), 0U);
  EXPECT_EQ(ledger.Used(MemoryUse::kResults), 0U);
}

TEST(Ledger, ChargeIsNotDoubledByAMove) {
  Ledger ledger(100);
  auto first = *ledger.TryCharge(MemoryUse::kUploads, 10);
  auto second = std::move(first);
  EXPECT_EQ(ledger.Used(), 10U);
  second = *ledger.TryCharge(MemoryUse::kUploads, 30);
  EXPECT_EQ(ledger.Used(), 30U);
}

TEST(Ledger, ChargeThatCannotGrowStaysAsItWas) {
  Ledger ledger(100);
  auto charge = *ledger.TryCharge(MemoryUse::kUploads, 70);
  EXPECT_FALSE(charge.Grow(31));
  EXPECT_EQ(charge.bytes(), 70U);
  EXPECT_TRUE(charge.Grow(30));
  EXPECT_EQ(ledger.Used(), 100U);
}

TEST(Ledger, MovesBytesFromOneUseToAnother) {
  Ledger ledger(100);
  auto charge = *ledger.TryCharge(MemoryUse::kUploads, 40);
  charge.MoveTo(MemoryUse::kPayloads);
  EXPECT_EQ(ledger.Used(MemoryUse::kUploads), 0U);
  EXPECT_EQ(ledger.Used(MemoryUse::kPayloads), 40U);
  charge.Free();
  EXPECT_EQ(ledger.Used(MemoryUse::kPayloads), 0U);
  EXPECT_EQ(ledger.Used(), 0U);
}

TEST(Ledger, CountsWhatExistsAlreadyOverTheBudgetAndThenRefusesOthers) {
  Ledger ledger(100);
  {
    const auto result = ledger.ChargeAnyway(MemoryUse::kResults, 150);
    EXPECT_EQ(ledger.Used(), 150U);
    EXPECT_FALSE(ledger.TryCharge(MemoryUse::kUploads, 1));
    EXPECT_FALSE(ledger.HasRoomFor(0));
  }
  EXPECT_TRUE(ledger.HasRoomFor(100));
}

TEST(Ledger, NeverExceedsItsBudgetUnderConcurrentCharges) {
  Ledger ledger(10);
  std::atomic<bool> exceeded{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5000; ++round) {
        const auto charge = ledger.TryCharge(MemoryUse::kUploads, 4);
        if (ledger.Used() > ledger.budget()) exceeded = true;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(exceeded);
  EXPECT_EQ(ledger.Used(), 0U);
}

}  // namespace
}  // namespace headrace
