#include "service/health.h"

#include <gtest/gtest.h>

#include <string>

namespace headrace {
namespace {

TEST(Health, IsNeitherStartedNorReadyBeforeItIsTold) {
  const Health health;
  EXPECT_FALSE(health.Started().ok);
  EXPECT_FALSE(health.Ready().ok);
  EXPECT_EQ(health.Ready().reason, "starting");
  EXPECT_TRUE(health.Live().ok);
}

TEST(Health, IsReadyOnceStarted) {
  Health health;
  health.SetStarted();
  EXPECT_TRUE(health.Started().ok);
  EXPECT_TRUE(health.Ready().ok);
  EXPECT_EQ(health.Ready().reason, "ok");
}

TEST(Health, IsUnreadyButAliveWhileItDrains) {
  Health health;
  health.SetStarted();
  health.SetDraining();
  EXPECT_EQ(health.Ready().reason, "draining");
  EXPECT_TRUE(health.Live().ok);
  EXPECT_TRUE(health.Started().ok);
}

TEST(Health, SaysWhichConditionKeepsItFromBeingReadyAndRecovers) {
  Health health;
  std::string trouble;
  health.AddReadiness([] { return std::string(); });
  health.AddReadiness([&] { return trouble; });
  health.SetStarted();
  EXPECT_TRUE(health.Ready().ok);
  trouble = "queue pdf-to-image: executors die at start";
  EXPECT_FALSE(health.Ready().ok);
  EXPECT_EQ(health.Ready().reason, trouble);
  EXPECT_TRUE(health.Live().ok);
  trouble.clear();
  EXPECT_TRUE(health.Ready().ok);
}

TEST(Health, IsNotAliveWhenAReactorDoesNotTurn) {
  Health health;
  health.AddLiveness([] { return std::string("reactor 0 has not turned for 31 s"); });
  EXPECT_FALSE(health.Live().ok);
}

}  // namespace
}  // namespace headrace
