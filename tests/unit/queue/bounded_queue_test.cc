#include "queue/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/event.h"

namespace headrace {
namespace {

using Queue = BoundedQueue<std::string, 2>;
constexpr std::size_t kDone = 0;
constexpr std::size_t kDropped = 1;

const auto kAny = [](const std::string&) { return true; };
const auto kNone = [](const std::string&) { return false; };

Queue::Pushed Push(Queue& queue, const std::string& id) {
  return queue.TryPush(id, "item " + id, 10);
}

std::uint64_t Ended(const Queue::Counts& counts) { return counts.ended[0] + counts.ended[1]; }

TEST(BoundedQueue, HandsItemsOutInTheOrderInWhichTheyCame) {
  Queue queue(3);
  for (const char* id : {"a", "b", "c"}) ASSERT_EQ(Push(queue, id), Queue::Pushed::kAccepted);
  EXPECT_EQ(queue.Claim(), "item a");
  EXPECT_EQ(queue.Claim(), "item b");
  EXPECT_EQ(queue.Claim(), "item c");
  EXPECT_EQ(queue.Claim(), std::nullopt);
}

TEST(BoundedQueue, RefusesTheItemForWhichThereIsNoPlace) {
  Queue queue(2);
  Push(queue, "a");
  Push(queue, "b");
  EXPECT_EQ(Push(queue, "c"), Queue::Pushed::kFull);
  EXPECT_EQ(queue.Figures().accepted, 2U);
}

TEST(BoundedQueue, LetsNoMoreOfATenantWaitThanMay) {
  Queue queue(10);
  const LinePlace limited{"a", 2, 3, 0, {}};
  const LinePlace others{"b", 0, 3, 0, {}};
  EXPECT_EQ(queue.TryPush("1", "1", 0, limited), Queue::Pushed::kAccepted);
  EXPECT_EQ(queue.TryHold("2", "2", 0, limited), Queue::Pushed::kAccepted);
  EXPECT_EQ(queue.WaitingOf("a"), 2U) << "one held back is one that waits";
  EXPECT_EQ(queue.TryPush("3", "3", 0, limited), Queue::Pushed::kTenantFull);
  EXPECT_EQ(queue.TryHold("3", "3", 0, limited), Queue::Pushed::kTenantFull);
  EXPECT_EQ(queue.TryPush("4", "4", 0, others), Queue::Pushed::kAccepted);
  EXPECT_EQ(queue.Claim(), "1");
  EXPECT_EQ(queue.WaitingOf("a"), 1U) << "one that runs does not wait";
  EXPECT_EQ(queue.TryPush("3", "3", 0, limited), Queue::Pushed::kAccepted);
  EXPECT_TRUE(queue.Return("1", "1", false, kAny));
  EXPECT_EQ(queue.WaitingOf("a"), 3U);
  EXPECT_TRUE(queue.Remove("3", kDropped));
  queue.Forget("2");
  EXPECT_EQ(queue.WaitingOf("a"), 1U);
  while (const auto item = queue.Claim()) EXPECT_TRUE(queue.Finish(*item, kDone, kAny));
  EXPECT_EQ(queue.WaitingOf("a") + queue.WaitingOf("b"), 0U);
}

TEST(BoundedQueue, KeepsThePlaceOfAnItemThatRuns) {
  Queue queue(1);
  Push(queue, "a");
  queue.Claim();
  EXPECT_EQ(Push(queue, "b"), Queue::Pushed::kFull);
  EXPECT_TRUE(queue.Finish("a", kDone, kAny));
  EXPECT_EQ(Push(queue, "b"), Queue::Pushed::kAccepted);
}

TEST(BoundedQueue, FinishesOnlyWhatRunsAndIsAccepted) {
  Queue queue(2);
  Push(queue, "a");
  EXPECT_FALSE(queue.Finish("a", kDone, kAny));
  queue.Claim();
  EXPECT_FALSE(queue.Finish("a", kDone, kNone));
  EXPECT_TRUE(queue.Finish("a", kDone, kAny));
  EXPECT_FALSE(queue.Finish("a", kDone, kAny));
  EXPECT_FALSE(queue.Finish("unknown", kDone, kAny));
}

TEST(BoundedQueue, FreesThePlaceOfARemovedItemAtOnceAndKeepsTheOrderOfTheRest) {
  Queue queue(3);
  for (const char* id : {"a", "b", "c"}) Push(queue, id);
  EXPECT_EQ(queue.Remove("b", kDropped), Queue::Stage::kWaiting);
  EXPECT_EQ(Push(queue, "d"), Queue::Pushed::kAccepted);
  EXPECT_EQ(queue.Claim(), "item a");
  EXPECT_EQ(queue.Claim(), "item c");
  EXPECT_EQ(queue.Claim(), "item d");
}

TEST(BoundedQueue, LeavesAnItemThatRunsWhereItIs) {
  Queue queue(1);
  Push(queue, "a");
  queue.Claim();
  EXPECT_EQ(queue.Remove("a", kDropped), Queue::Stage::kRunning);
  EXPECT_EQ(queue.Remove("unknown", kDropped), std::nullopt);
  EXPECT_EQ(queue.Figures().running, 1U);
}

TEST(BoundedQueue, EndsAnItemThatRunsAsItWasSettledWhateverFinishSays) {
  Queue queue(1);
  Push(queue, "a");
  queue.Claim();
  EXPECT_EQ(queue.Remove("a", kDropped, true), Queue::Stage::kRunning);
  EXPECT_EQ(queue.Remove("a", kDone, true), std::nullopt) << "it was settled before";
  EXPECT_TRUE(queue.Find("a")->settled);
  EXPECT_FALSE(queue.Return("a", "item a", false, kAny));
  EXPECT_EQ(queue.Figures().running, 1U) << "it keeps its place";
  const Queue::Finished finished = queue.Finish("a", kDone, kAny);
  EXPECT_TRUE(finished);
  EXPECT_TRUE(finished.settled);
  EXPECT_EQ(queue.Figures().ended[kDropped], 1U);
  EXPECT_EQ(queue.Figures().ended[kDone], 0U);
}

TEST(BoundedQueue, PutsAReleasedItemBackToTheHead) {
  Queue queue(2);
  Push(queue, "a");
  Push(queue, "b");
  queue.Claim();
  EXPECT_FALSE(queue.Return("a", "item a", false, kNone));
  EXPECT_TRUE(queue.Return("a", "item a", false, kAny));
  EXPECT_FALSE(queue.Return("b", "item b", false, kAny));
  EXPECT_EQ(queue.Claim(), "item a");
}

TEST(BoundedQueue, RefusesASecondItemOfTheSameName) {
  Queue queue(2);
  Push(queue, "a");
  EXPECT_EQ(Push(queue, "a"), Queue::Pushed::kFull);
  EXPECT_EQ(queue.Figures().waiting, 1U);
}

TEST(BoundedQueue, DrainsWhatIsLeftAfterItWasClosed) {
  Queue queue(2);
  Push(queue, "a");
  queue.Close();
  EXPECT_EQ(Push(queue, "b"), Queue::Pushed::kClosed);
  EXPECT_TRUE(queue.WaitForWork());
  EXPECT_EQ(queue.Claim(), "item a");
  EXPECT_FALSE(queue.WaitForWork());
}

TEST(BoundedQueue, SendsAllWaitersHomeWhenItIsClosed) {
  Queue queue(1);
  std::atomic<int> left{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      if (!queue.WaitForWork()) ++left;
    });
  }
  queue.Close();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(left, 3);
}

TEST(BoundedQueue, WakesAWaiterForAReleasedItem) {
  Queue queue(1);
  Push(queue, "a");
  queue.Claim();
  Event got_work;
  std::thread waiter([&] {
    if (queue.WaitForWork()) got_work.Set();
  });
  queue.Return("a", "item a", false, kAny);
  EXPECT_TRUE(got_work.Wait());
  waiter.join();
}

TEST(BoundedQueue, WeighsOnlyWhatWaits) {
  Queue queue(3);
  Push(queue, "a");
  Push(queue, "b");
  EXPECT_EQ(queue.Figures().waiting_bytes, 20U);
  queue.Claim();
  EXPECT_EQ(queue.Figures().waiting_bytes, 10U);
  queue.Return("a", "item a", false, kAny);
  EXPECT_EQ(queue.Figures().waiting_bytes, 20U);
  queue.Remove("a", kDropped);
  queue.Remove("b", kDropped);
  EXPECT_EQ(queue.Figures().waiting_bytes, 0U);
}

TEST(BoundedQueue, TellsTheAgeOfTheOldestThatWaits) {
  Queue queue(2);
  EXPECT_EQ(queue.Figures().oldest_age.count(), 0);
  Push(queue, "a");
  EXPECT_TRUE(Eventually([&] { return queue.Figures().oldest_age.count() > 0; }));
  queue.Claim();
  EXPECT_EQ(queue.Figures().oldest_age.count(), 0);
}

TEST(BoundedQueue, FindsItemsAndListsAllThatAreUnfinished) {
  Queue queue(2);
  Push(queue, "a");
  Push(queue, "b");
  queue.Claim();
  EXPECT_EQ(queue.Find("a")->stage, Queue::Stage::kRunning);
  EXPECT_EQ(queue.Find("b")->item, "item b");
  EXPECT_FALSE(queue.Find("c"));
  EXPECT_EQ(queue.Ids().size(), 2U);
}

// Producers, workers and cancellers at once; a scraper checks the sum all the time.
TEST(BoundedQueue, LosesAndDoublesNothingUnderConcurrentUse) {
  constexpr int kProducers = 2;
  constexpr int kEach = 3000;
  Queue queue(16);
  std::atomic<int> claimed{0};
  std::atomic<int> removed{0};
  std::atomic<bool> wrong{false};
  std::vector<std::thread> workers;
  for (int w = 0; w < 2; ++w) {
    workers.emplace_back([&] {
      while (queue.WaitForWork()) {
        const auto item = queue.Claim();
        if (!item) continue;
        ++claimed;
        if (!queue.Finish(item->substr(5), kDone, kAny)) wrong = true;
      }
    });
  }
  std::atomic<int> accepted{0};
  std::vector<std::thread> producers;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&, p] {
      for (int i = 0; i < kEach; ++i) {
        const std::string id = std::to_string(p) + "-" + std::to_string(i);
        if (Push(queue, id) != Queue::Pushed::kAccepted) continue;
        ++accepted;
        if (i % 3 == 0 && queue.Remove(id, kDropped) == Queue::Stage::kWaiting) ++removed;
      }
    });
  }
  std::thread scraper([&] {
    for (int i = 0; i < 2000; ++i) {
      const auto counts = queue.Figures();
      if (counts.accepted != Ended(counts) + counts.waiting + counts.running) wrong = true;
      if (counts.waiting + counts.running > 16) wrong = true;
    }
  });
  for (auto& thread : producers) thread.join();
  scraper.join();
  queue.Close();
  for (auto& thread : workers) thread.join();
  EXPECT_FALSE(wrong);
  EXPECT_EQ(claimed + removed, accepted);
  EXPECT_EQ(Ended(queue.Figures()), static_cast<std::uint64_t>(accepted));
}

TEST(BoundedQueue, CountsWhatIsHeldBackOnlyOnceItIsOpened) {
  Queue queue(1);
  ASSERT_EQ(queue.TryHold("a", "item a", 10), Queue::Pushed::kAccepted);
  EXPECT_EQ(queue.Claim(), std::nullopt);
  EXPECT_EQ(Push(queue, "b"), Queue::Pushed::kFull) << "it has a place";
  EXPECT_EQ(queue.Figures().accepted + queue.Figures().waiting, 0U);
  EXPECT_TRUE(queue.Open("a"));
  EXPECT_FALSE(queue.Open("a"));
  EXPECT_EQ(queue.Figures().accepted, 1U);
  EXPECT_EQ(queue.Claim(), "item a");
}

TEST(BoundedQueue, ForgetsWhatWasHeldBackAndNeverOpened) {
  Queue queue(1);
  queue.TryHold("a", "item a", 10);
  queue.Forget("a");
  EXPECT_EQ(Push(queue, "b"), Queue::Pushed::kAccepted);
  queue.Forget("b");
  EXPECT_EQ(queue.Claim(), "item b") << "what was counted stays";
  EXPECT_EQ(queue.Figures().accepted, 1U);
}

TEST(BoundedQueue, CountsWhatIsHeldBackForAnotherTryAsWaiting) {
  Queue queue(1);
  Push(queue, "a");
  queue.Claim();
  EXPECT_TRUE(queue.Return("a", "again", true, kAny));
  EXPECT_EQ(queue.Figures().waiting, 1U);
  EXPECT_EQ(queue.Claim(), std::nullopt);
  EXPECT_TRUE(queue.Open("a"));
  EXPECT_EQ(queue.Claim(), "again");
  EXPECT_EQ(queue.Figures().accepted, 1U);
}

TEST(BoundedQueue, TakesInWhatAnEarlierProcessLeftBeyondThePlacesToo) {
  Queue queue(1);
  queue.Recover("a", "item a", 1, {}, true);
  queue.Recover("b", "item b", 1, {}, false);
  EXPECT_EQ(Push(queue, "c"), Queue::Pushed::kFull);
  EXPECT_EQ(queue.Figures().recovered, 2U);
  EXPECT_EQ(queue.Figures().waiting, 2U);
  EXPECT_EQ(queue.Claim(), "item a");
  EXPECT_EQ(queue.Claim(), std::nullopt);
  EXPECT_TRUE(queue.Open("b"));
}

TEST(BoundedQueue, TellsHowManyAreBeforeAnItem) {
  Queue queue(3);
  for (const char* id : {"a", "b", "c"}) Push(queue, id);
  EXPECT_EQ(queue.Find("c")->position, 2U);
  queue.Remove("a", kDropped);
  EXPECT_EQ(queue.Find("c")->position, 1U);
}

TEST(BoundedQueue, GivesNothingOutOnceClaimsAreStopped) {
  Queue queue(1);
  Push(queue, "a");
  queue.StopClaims();
  EXPECT_FALSE(queue.WaitForWork());
  EXPECT_EQ(queue.Claim(), std::nullopt);
  EXPECT_EQ(queue.Figures().waiting, 1U);
}

TEST(BoundedQueue, KeepsWhatIsThereWhenItGetsFewerPlacesAndTakesMoreOnceItHasSome) {
  Queue queue(3);
  for (const char* id : {"a", "b", "c"}) Push(queue, id);
  queue.SetPlaces(1);
  EXPECT_EQ(queue.Figures().waiting, 3U);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Push(queue, "d"), Queue::Pushed::kFull);
    queue.Remove(i == 0 ? "a" : "b", 0);
  }
  EXPECT_EQ(Push(queue, "d"), Queue::Pushed::kFull) << "the last place is c's";
  queue.SetPlaces(2);
  EXPECT_EQ(Push(queue, "d"), Queue::Pushed::kAccepted);
  EXPECT_EQ(queue.Claim(), "item c");
  EXPECT_EQ(queue.Claim(), "item d");
}

TEST(BoundedQueue, WakesAsManyWaitersAsItIsToldAlsoThoseThatComeLater) {
  Queue queue(1);
  std::atomic<int> woken{0};
  Event two;
  std::vector<std::thread> threads;
  const auto wait = [&] {
    if (!queue.WaitForWork()) return;
    ++woken;
    two.Set();
  };
  threads.emplace_back(wait);
  queue.Wake(2);
  for (int i = 0; i < 3; ++i) threads.emplace_back(wait);
  EXPECT_TRUE(two.Wait(2));
  queue.Close();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(woken, 2);
  EXPECT_EQ(queue.Claim(), std::nullopt);
}

}  // namespace
}  // namespace headrace
