#include "queue/waiting_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <list>
#include <string>

namespace headrace {
namespace {

using std::chrono::seconds;

struct Entry {
  std::string name;
  LinePlace place;
};

class WaitingLineTest : public testing::Test {
 protected:
  Entry& Add(const std::string& tenant, int urgency = 3, seconds age = seconds(0)) {
    Entry& entry = entries_.emplace_back();
    entry.name = tenant + std::to_string(++count_);
    entry.place = {tenant, 0, urgency, static_cast<std::uint64_t>(count_), now_ - age};
    line_.Add(entry);
    return entry;
  }
  std::string Next() {
    const Entry* const next = line_.TakeNext(now_);
    return next == nullptr ? "none" : next->name;
  }
  // Whose turns come.
  std::string Turns(int count) {
    std::string turns;
    for (int i = 0; i < count; ++i) turns += Next().substr(0, 1);
    return turns;
  }

  const SteadyTime now_ = SteadyClock::now();
  int count_ = 0;
  std::list<Entry> entries_;
  WaitingLine<Entry> line_;
};

TEST_F(WaitingLineTest, ServesInTheOrderOfArrival) {
  Add("a");
  Add("a");
  EXPECT_EQ(Next(), "a1");
  EXPECT_EQ(Next(), "a2");
  EXPECT_EQ(Next(), "none");
}

TEST_F(WaitingLineTest, ServesTheMostUrgentOfATenantFirst) {
  Add("a", 3);
  Add("a", 7);
  Add("a", 0);
  EXPECT_EQ(Next(), "a3");
  EXPECT_EQ(Next(), "a1");
  EXPECT_EQ(Next(), "a2");
}

TEST_F(WaitingLineTest, LetsNobodyWaitForEver) {
  Add("a", 3);
  Add("a", 7, seconds(50));  // as urgent as 2 by now
  EXPECT_EQ(Next(), "a2");
}

TEST_F(WaitingLineTest, LetsTenantsTakeTurnsHoweverManyOneOfThemSends) {
  for (int i = 0; i < 6; ++i) Add("a");
  Add("b");
  Add("b");
  EXPECT_EQ(Turns(8), "ababaaaa");
}

TEST_F(WaitingLineTest, AnUrgentTenantDoesNotComeBeforeItsTurn) {
  for (int i = 0; i < 3; ++i) Add("a", 0);
  Add("b", 7);
  EXPECT_EQ(Turns(4), "abaa");
}

TEST_F(WaitingLineTest, WhoWasAwayHasNoTurnsSavedUp) {
  for (int i = 0; i < 10; ++i) Add("a");
  EXPECT_EQ(Turns(5), "aaaaa");
  for (int i = 0; i < 5; ++i) Add("b");
  const std::string turns = Turns(4);
  EXPECT_EQ(std::count(turns.begin(), turns.end(), 'b'), 2) << turns;
}

TEST_F(WaitingLineTest, WhoComesBackAtOnceHasHadItsTurn) {
  Add("a");
  EXPECT_EQ(Next(), "a1");
  Add("b");
  Add("a");
  EXPECT_EQ(Turns(2), "ba");
}

TEST_F(WaitingLineTest, TellsPositions) {
  Add("a");
  Entry& second = Add("a");
  EXPECT_EQ(line_.Position(second), 1U);
  Add("a", 0);
  EXPECT_EQ(line_.Position(second), 2U);
  for (int i = 0; i < 10; ++i) Add("b");
  EXPECT_EQ(line_.Position(second), 5U) << "others take turns";
}

TEST_F(WaitingLineTest, TakesOutWhoLeaves) {
  Entry& first = Add("a");
  Add("a");
  line_.Remove(first);
  EXPECT_EQ(line_.size(), 1U);
  EXPECT_EQ(Next(), "a2");
  EXPECT_TRUE(line_.empty());
}

TEST_F(WaitingLineTest, TellsSinceWhenTheOldestWaits) {
  EXPECT_EQ(line_.Oldest(now_), now_);
  Add("a", 0);
  Add("b", 7, seconds(5));
  EXPECT_EQ(line_.Oldest(now_), now_ - seconds(5));
}

}  // namespace
}  // namespace headrace
