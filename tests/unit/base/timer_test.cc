#include "base/timer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "support/event.h"

namespace headrace {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(Timer, RunsACallbackOnceItsDeadlineHasPassed) {
  Timer timer;
  Event ran;
  const Deadline deadline = Deadline::After(milliseconds(5));
  std::atomic<bool> early{false};
  timer.Schedule(deadline, [&] {
    early = !deadline.Passed();
    ran.Set();
  });
  EXPECT_TRUE(ran.Wait());
  EXPECT_FALSE(early);
}

TEST(Timer, RunsADeadlineThatHasPassedAtOnce) {
  Timer timer;
  Event ran;
  timer.Schedule(Deadline::At(SteadyClock::now() - hours(1)), [&] { ran.Set(); });
  EXPECT_TRUE(ran.Wait());
}

TEST(Timer, RunsAnEarlierDeadlineThatComesLater) {
  Timer timer;
  Event ran;
  timer.Schedule(Deadline::After(hours(1)), [] {});
  timer.Schedule(Deadline::After(milliseconds(1)), [&] { ran.Set(); });
  EXPECT_TRUE(ran.Wait());
}

TEST(Timer, RunsCallbacksInTheOrderOfTheirDeadlines) {
  Timer timer;
  Event ran;
  std::vector<int> order;  // written by the timer's thread alone
  const auto now = SteadyClock::now();
  timer.Schedule(Deadline::At(now + milliseconds(30)), [&] { order.push_back(3), ran.Set(); });
  timer.Schedule(Deadline::At(now + milliseconds(10)), [&] { order.push_back(1), ran.Set(); });
  timer.Schedule(Deadline::At(now + milliseconds(20)), [&] { order.push_back(2), ran.Set(); });
  ASSERT_TRUE(ran.Wait(3));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(Timer, DoesNotRunWhatWasCancelled) {
  Timer timer;
  Event ran;
  std::atomic<bool> wrong{false};
  const auto now = SteadyClock::now();
  const auto ticket = timer.Schedule(Deadline::At(now + milliseconds(20)), [&] { wrong = true; });
  timer.Schedule(Deadline::At(now + milliseconds(21)), [&] { ran.Set(); });
  timer.Cancel(ticket);
  EXPECT_TRUE(ran.Wait());
  EXPECT_FALSE(wrong);
}

TEST(Timer, StillServesADeadlineAfterAnEarlierOneWasCancelled) {
  Timer timer;
  Event ran;
  const auto now = SteadyClock::now();
  const auto ticket = timer.Schedule(Deadline::At(now + milliseconds(5)), [] {});
  timer.Cancel(ticket);
  timer.Schedule(Deadline::At(now + milliseconds(15)), [&] { ran.Set(); });
  EXPECT_TRUE(ran.Wait());
}

TEST(Timer, LetsGoOfACancelledCallbackAtOnce) {
  Timer timer;
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = held;
  const auto ticket = timer.Schedule(Deadline::After(hours(1)), [held = std::move(held)] {});
  EXPECT_FALSE(watch.expired());
  timer.Cancel(ticket);
  EXPECT_TRUE(watch.expired());
}

TEST(Timer, TakesCancellingTwiceOrAfterTheRunForNothing) {
  Timer timer;
  Event ran;
  const auto ticket = timer.Schedule(Deadline::After(milliseconds(0)), [&] { ran.Set(); });
  ASSERT_TRUE(ran.Wait());
  timer.Cancel(ticket);
  timer.Cancel(ticket);
  timer.Cancel({});
}

TEST(Timer, HasNothingToDoForADeadlineThatIsNever) {
  Timer timer;
  EXPECT_EQ(timer.Schedule(Deadline::Never(), [] {}), Timer::Ticket{});
}

TEST(Timer, MayBeUsedFromItsOwnCallbacks) {
  Timer timer;
  Event ran;
  timer.Schedule(Deadline::After(milliseconds(0)),
                 [&] { timer.Schedule(Deadline::After(milliseconds(1)), [&] { ran.Set(); }); });
  EXPECT_TRUE(ran.Wait());
}

// What a callback holds may, when it goes, use the timer itself: no lock may be held then.
TEST(Timer, FreesWhatACallbackHeldOutsideItsLock) {
  Event freed;
  Timer timer;
  struct UsesTimer {
    UsesTimer(Timer& the_timer, Event& the_event) : timer(the_timer), event(the_event) {}
    UsesTimer(const UsesTimer&) = delete;
    UsesTimer& operator=(const UsesTimer&) = delete;
    ~UsesTimer() {
      timer.Cancel(timer.Schedule(Deadline::After(hours(1)), [] {}));
      event.Set();
    }
    Timer& timer;
    Event& event;
  };
  timer.Schedule(Deadline::After(milliseconds(0)),
                 [held = std::make_shared<UsesTimer>(timer, freed)] {});
  EXPECT_TRUE(freed.Wait());
}

TEST(Timer, NeverRunsWhatIsNotDueWhenItIsDestroyed) {
  std::atomic<bool> ran{false};
  {
    Timer timer;
    timer.Schedule(Deadline::After(hours(1)), [&] { ran = true; });
  }
  EXPECT_FALSE(ran);
}

TEST(Timer, LosesNoCallbackUnderConcurrentUse) {
  Event ran;
  Timer timer;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const auto ticket = timer.Schedule(Deadline::After(hours(1)), [] {});
        timer.Schedule(Deadline::After(milliseconds(i % 3)), [&] { ran.Set(); });
        timer.Cancel(ticket);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(ran.Wait(2000));
}

}  // namespace
}  // namespace headrace
