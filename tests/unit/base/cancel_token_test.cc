#include "base/cancel_token.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <thread>
#include <vector>

namespace headrace {
namespace {

bool Readable(int fd) {
  pollfd waiter{fd, POLLIN, 0};
  return poll(&waiter, 1, 0) == 1;
}

TEST(CancelToken, StartsUncancelled) {
  const CancelToken token;
  EXPECT_FALSE(token.Cancelled());
  EXPECT_EQ(token.reason(), CancelReason::kNone);
}

TEST(CancelToken, KeepsTheFirstReason) {
  CancelToken token;
  EXPECT_TRUE(token.Cancel(CancelReason::kDeadline));
  EXPECT_FALSE(token.Cancel(CancelReason::kDeleted));
  EXPECT_EQ(token.reason(), CancelReason::kDeadline);
}

TEST(CancelToken, IsOneTokenForAllItsCopies) {
  const CancelToken token;
  CancelToken copy = token;
  copy.Cancel(CancelReason::kDisconnected);
  EXPECT_EQ(token.reason(), CancelReason::kDisconnected);
}

TEST(CancelToken, MakesItsDescriptorReadableWhenItIsCancelled) {
  CancelToken token;
  const int fd = token.PollFd();
  ASSERT_GE(fd, 0);
  EXPECT_FALSE(Readable(fd));
  token.Cancel(CancelReason::kShutdown);
  EXPECT_TRUE(Readable(fd));
  EXPECT_EQ(token.PollFd(), fd);
}

TEST(CancelToken, MakesADescriptorThatIsReadableAtOnceAfterTheCancellation) {
  CancelToken token;
  token.Cancel(CancelReason::kDeleted);
  EXPECT_TRUE(Readable(token.PollFd()));
}

TEST(CancelToken, MissesNoCancellationThatComesWhileTheDescriptorIsMade) {
  for (int round = 0; round < 200; ++round) {
    CancelToken token;
    std::thread canceller([token]() mutable { token.Cancel(CancelReason::kDisconnected); });
    const int fd = token.PollFd();
    canceller.join();
    EXPECT_TRUE(Readable(fd));
  }
}

TEST(CancelToken, TellsExactlyOneCallerThatItCancelled) {
  CancelToken token;
  std::atomic<int> winners{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&winners, token]() mutable {
      if (token.Cancel(CancelReason::kDeleted)) ++winners;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(winners, 1);
}

}  // namespace
}  // namespace headrace
