#include "worker/slots.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "support/event.h"

namespace headrace {
namespace {

TEST(SlotPool, HandsOutAsManySlotsAsItHas) {
  SlotPool pool(2);
  const auto first = pool.Acquire();
  const auto second = pool.Acquire();
  EXPECT_EQ(pool.Figures().busy, 2U);
  EXPECT_EQ(pool.Figures().free, 0U);
}

TEST(SlotPool, GetsASlotBackOnceHoweverItIsGivenBack) {
  SlotPool pool(2);
  auto slot = pool.Acquire();
  auto moved = std::move(slot);
  EXPECT_EQ(pool.Figures().busy, 1U);
  moved.Return();
  moved.Return();
  EXPECT_EQ(pool.Figures().busy, 0U);
  moved = pool.Acquire();
  moved = SlotPool::Slot();
  EXPECT_EQ(pool.Figures().busy, 0U);
}

TEST(SlotPool, ServesThoseWhoWaitInTheOrderInWhichTheyCame) {
  SlotPool pool(1);
  auto held = pool.Acquire();
  Mutex mu;
  std::vector<int> order;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const auto slot = pool.Acquire();
      const MutexLock lock(mu);
      order.push_back(i);
    });
    ASSERT_TRUE(Eventually([&] { return pool.Waiting() == static_cast<std::size_t>(i) + 1; }));
  }
  held.Return();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(pool.Figures().busy, 0U);
}

TEST(SlotPool, RenewsASlotThatNobodyWaitsFor) {
  SlotPool pool(1);
  auto slot = pool.Renew(pool.Acquire());
  EXPECT_TRUE(slot);
  EXPECT_EQ(pool.Figures().busy, 1U);
}

TEST(SlotPool, WhoRenewsASlotStandsBehindAllWhoWait) {
  SlotPool pool(1);
  auto held = pool.Acquire();
  Mutex mu;
  std::vector<int> order;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      const auto slot = pool.Acquire();
      const MutexLock lock(mu);
      order.push_back(i);
    });
    ASSERT_TRUE(Eventually([&] { return pool.Waiting() == static_cast<std::size_t>(i) + 1; }));
  }
  held = pool.Renew(std::move(held));
  {
    const MutexLock lock(mu);
    EXPECT_EQ(order, (std::vector<int>{0, 1}));
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(pool.Figures().busy, 1U);
}

TEST(SlotPool, LendsWhatIsFreeAndTakesItBack) {
  SlotPool pool(2);
  LentSlots lent(pool);
  auto own = pool.Acquire();
  SlotLease borrowed = lent.TryBorrow();
  ASSERT_TRUE(borrowed);
  EXPECT_FALSE(lent.TryBorrow()) << "none is free";
  EXPECT_FALSE(lent.Wanted());
  std::thread waiter([&] { const auto slot = pool.Acquire(); });
  ASSERT_TRUE(Eventually([&] { return lent.Wanted(); }));
  borrowed.reset();
  waiter.join();
  EXPECT_FALSE(lent.Wanted());
  EXPECT_EQ(pool.Figures().busy, 1U);
}

TEST(SlotPool, NeverHasMoreBusyThanSlotsAndForgetsNobody) {
  constexpr int kEach = 2000;
  SlotPool pool(2);
  std::atomic<int> busy{0};
  std::atomic<int> most{0};
  std::atomic<int> served{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 5; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        const auto slot = pool.Acquire();
        const int now = ++busy;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        --busy;
        ++served;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(most, 2);
  EXPECT_EQ(served, 5 * kEach);
}

}  // namespace
}  // namespace headrace
