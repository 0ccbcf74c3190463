#include "handler/command/process_tree.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "command/keeper_process.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

// A child with children of its own, all in sessions of their own, `deaf` to SIGTERM or not; returns
// when all are there.
pid_t StartFamily(int children, bool deaf) {
  std::array<int, 2> ready{-1, -1};
  EXPECT_EQ(pipe(ready.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    signal(SIGTERM, deaf ? SIG_IGN : SIG_DFL);
    close(ready[0]);
    for (int i = 0; i < children; ++i) {
      if (fork() == 0) break;
    }
    setsid();
    [[maybe_unused]] const ssize_t told = write(ready[1], "x", 1);
    while (true) pause();
  }
  close(ready[1]);
  char byte = 0;
  for (int i = 0; i <= children; ++i) EXPECT_EQ(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  return child;
}

bool NoneLeft() { return ProcessTree::Tasks().empty() && waitpid(-1, nullptr, WNOHANG) == -1; }

class ProcessTreeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    testing_support::BecomeKeeper();
    auto tree = ProcessTree::Make(getppid());
    ASSERT_TRUE(tree.ok());
    tree_.emplace(*std::move(tree));
  }
  std::optional<ProcessTree> tree_;
};

TEST_F(ProcessTreeTest, TellsTheStatusOfTheOneItWatches) {
  const pid_t other = fork();
  if (other == 0) _exit(1);
  const pid_t child = fork();
  if (child == 0) _exit(7);
  tree_->Watch(child);
  while (!tree_->status()) tree_->Look();
  EXPECT_TRUE(WIFEXITED(*tree_->status()));
  EXPECT_EQ(WEXITSTATUS(*tree_->status()), 7);
  tree_->End(milliseconds(0));
  EXPECT_TRUE(NoneLeft());
}

TEST_F(ProcessTreeTest, EndsThemAllWithoutGrace) {
  StartFamily(5, true);
#ifndef HEADRACE_SANITIZED  // some of whose run-times have a thread of their own in each process
  EXPECT_EQ(ProcessTree::Tasks().size(), 6U);
#endif
  tree_->End(milliseconds(0));
  EXPECT_TRUE(NoneLeft());
}

TEST_F(ProcessTreeTest, WaitsForThoseWhoHeed) {
  StartFamily(5, false);
  const auto start = Clock::now();
  tree_->End(seconds(60));
  EXPECT_TRUE(NoneLeft());
  EXPECT_LT(Clock::now() - start, seconds(30));
}

TEST_F(ProcessTreeTest, KillsTheDeafAfterTheGrace) {
  StartFamily(2, true);
  const auto start = Clock::now();
  int asked = 0;
  tree_->End(milliseconds(250), -1, [&] { return ++asked > 0; });
  EXPECT_GE(Clock::now() - start, milliseconds(250));
  EXPECT_GE(asked, 2);
  EXPECT_TRUE(NoneLeft());
}

TEST_F(ProcessTreeTest, ItsUserMayCutTheGrace) {
  StartFamily(2, true);
  const auto start = Clock::now();
  tree_->End(seconds(60), -1, [] { return false; });
  EXPECT_LT(Clock::now() - start, seconds(30));
  EXPECT_TRUE(NoneLeft());
}

TEST_F(ProcessTreeTest, GivesNoGraceOnceTheServiceIsGone) {
  auto orphan = ProcessTree::Make(getpid());  // which is not the parent
  ASSERT_TRUE(orphan.ok());
  EXPECT_TRUE(orphan->ServiceGone());
  EXPECT_TRUE(orphan->ToldToEnd());
  StartFamily(2, true);
  const auto start = Clock::now();
  orphan->End(seconds(60));
  EXPECT_LT(Clock::now() - start, seconds(30));
  EXPECT_TRUE(NoneLeft());
}

TEST_F(ProcessTreeTest, IsToldToEndBySigterm) {
  EXPECT_FALSE(tree_->ToldToEnd());
  kill(getpid(), SIGTERM);
  tree_->Look();
  EXPECT_TRUE(tree_->ToldToEnd());
}

TEST_F(ProcessTreeTest, WhereThereIsNoneItIsDone) {
  tree_->End(seconds(60));
  EXPECT_TRUE(NoneLeft());
}

}  // namespace
}  // namespace headrace
