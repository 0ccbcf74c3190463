#include "base/job_id.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/deadline.h"

namespace headrace {
namespace {

TEST(JobId, IsMadeOfCharactersThatAUrlNeedNotEscape) {
  const std::string id = NewJobId(7);
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdefghjkmnpqrstvwxyz"), std::string::npos);
}

TEST(JobId, NamesItsQueue) {
  for (const std::size_t queue :
       {std::size_t{0}, std::size_t{1}, std::size_t{31}, std::size_t{32}, kMaxQueues - 1}) {
    EXPECT_EQ(QueueOfJobId(NewJobId(queue)), queue);
  }
}

TEST(JobId, IsRefusedUnlessItIsWhole) {
  const std::string id = NewJobId(3);
  EXPECT_FALSE(QueueOfJobId(""));
  EXPECT_FALSE(QueueOfJobId(id.substr(1)));
  EXPECT_FALSE(QueueOfJobId(id + "0"));
  EXPECT_FALSE(QueueOfJobId("U" + id.substr(1)));
  EXPECT_FALSE(QueueOfJobId(std::string(31, '0') + '\0'));
}

TEST(JobId, SortsByTime) {
  const std::string first = NewJobId(0);
  const auto later = SteadyClock::now() + std::chrono::milliseconds(2);
  while (SteadyClock::now() < later) {
  }
  EXPECT_LT(first.substr(0, 10), NewJobId(0).substr(0, 10));
}

TEST(JobId, NeverRepeatsAcrossThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  std::vector<std::vector<std::string>> made(kThreads);
  std::vector<std::thread> threads;
  for (auto& ids : made) {
    threads.emplace_back([&ids] {
      for (int i = 0; i < kEach; ++i) ids.push_back(NewJobId(0).substr(10, 20));  // random part
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& ids : made) all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kThreads * kEach));
}

TEST(RandomHex, GivesAsManyDigitsAsAsked) {
  EXPECT_EQ(RandomHex(16).size(), 16U);
  EXPECT_EQ(RandomHex(32).find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(RandomHex(32), RandomHex(32));
}

}  // namespace
}  // namespace headrace
