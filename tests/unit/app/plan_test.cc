#include "app/plan.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace headrace {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

// A machine of its own below a temporary folder: memory, and a cgroup v2 limit.
class PlanTest : public testing::Test {
 protected:
  PlanTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "headrace-plan-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    Write("proc/meminfo", "MemTotal: 16777216 kB\n");
    Write("proc/self/cgroup", "0::/\n");
    config_.queues.resize(2);
    config_.queues[0].name = "pdf";
    config_.queues[1].name = "simulate";
    config_.queues[1].workers = 1;
    config_.queues[1].isolation.mode = IsolationMode::kThread;
  }
  ~PlanTest() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& file, const std::string& text) {
    const std::filesystem::path path = std::filesystem::path(root_) / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void LimitMemory(std::uint64_t bytes) {
    Write("sys/fs/cgroup/memory.max", std::to_string(bytes) + "\n");
  }

  static QueueConfig FramesQueue(std::size_t workers) {
    QueueConfig queue;
    queue.name = "model";
    queue.handler = "command";
    queue.command.protocol = CommandOptions::Protocol::kFrames;
    queue.workers = workers;
    return queue;
  }

  std::string root_;
  Config config_;
};

TEST_F(PlanTest, SharesTheMachineOut) {
  const auto plan = MakePlan(config_, root_, 4);
  ASSERT_TRUE(plan.ok()) << plan.error().hint;
  EXPECT_EQ(plan->slots, 4U);
  EXPECT_EQ(plan->budget, 4096 * kMiB);
  EXPECT_THAT(plan->workers, testing::ElementsAre(4U, 1U));
  EXPECT_THAT(plan->executor_memory, testing::ElementsAre(1024 * kMiB, 0U));
}

TEST_F(PlanTest, TheConfigurationDecidesWhereItSaysSomething) {
  config_.slots = 3;
  config_.budget = 100 * kMiB;
  config_.queues[0].isolation.memory = 300 * kMiB;
  const auto plan = MakePlan(config_, root_, 4);
  ASSERT_TRUE(plan.ok()) << plan.error().hint;
  EXPECT_EQ(plan->slots, 3U);
  EXPECT_EQ(plan->slots_reason, "server.slots");
  EXPECT_EQ(plan->budget, 100 * kMiB);
  EXPECT_EQ(plan->executor_memory[0], 300 * kMiB);
}

TEST_F(PlanTest, ASmallContainerKeepsRoomForOneExecutor) {
  LimitMemory(512 * kMiB);
  const auto plan = MakePlan(config_, root_, 4);
  ASSERT_TRUE(plan.ok()) << plan.error().hint;
  EXPECT_EQ(plan->slots, 1U);
  EXPECT_EQ(plan->budget, 88 * kMiB);
  EXPECT_EQ(plan->executor_memory[0], 256 * kMiB);
}

TEST_F(PlanTest, WhatCannotFitIsRefusedWithTheSum) {
  LimitMemory(1024 * kMiB);
  config_.slots = 4;
  const auto plan = MakePlan(config_, root_, 4);
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.error().hint,
              testing::HasSubstr(
                  "4 slots x 256MiB per executor + 40MiB for zygotes + 256MiB memory.budget + "
                  "128MiB for the service = 1448MiB, the limit is 1GiB"));
}

TEST_F(PlanTest, RecycledExecutorsOfSeveralQueuesAreAllThereAtOnce) {
  LimitMemory(2048 * kMiB);
  config_.budget = 256 * kMiB;
  config_.slots = 2;
  config_.queues[0].isolation.recycle_after = 10;
  auto plan = MakePlan(config_, root_, 4);
  ASSERT_TRUE(plan.ok()) << plan.error().hint;
  EXPECT_EQ(plan->executor_memory[0], 812 * kMiB) << "(2048 - 256 - 40 - 128) / 2";

  config_.queues.push_back(config_.queues[0]);
  plan = MakePlan(config_, root_, 4);
  ASSERT_TRUE(plan.ok()) << plan.error().hint;
  EXPECT_EQ(plan->executor_memory[0], 396 * kMiB) << "(2048 - 256 - 80 - 128) / 4";

  config_.queues[0].isolation.memory = 700 * kMiB;
  plan = MakePlan(config_, root_, 4);
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.error().hint, testing::HasSubstr("for recycled executors"));
}

TEST_F(PlanTest, WorkersThatStayKeepTheirMemoryBesideTheSlots) {
  LimitMemory(4096 * kMiB);
  config_.budget = 256 * kMiB;
  config_.slots = 2;
  config_.queues.push_back(FramesQueue(3));
  config_.queues.back().isolation.memory = 700 * kMiB;
  auto plan = MakePlan(config_, root_, 4);
  ASSERT_TRUE(plan.ok()) << plan.error().hint;
  EXPECT_THAT(plan->workers, testing::ElementsAre(2U, 1U, 3U));
  EXPECT_EQ(plan->executor_memory[0], 766 * kMiB) << "(4096 - 256 - 80 - 128 - 3 x 700) / 2";
  EXPECT_EQ(plan->executor_memory[2], 700 * kMiB);

  config_.queues.back().isolation.memory = 1200 * kMiB;
  plan = MakePlan(config_, root_, 4);
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(
      plan.error().hint,
      testing::AllOf(
          testing::HasSubstr("2 slots x 256MiB per executor + 3600MiB for persistent workers + "
                             "80MiB for zygotes + 256MiB memory.budget + 128MiB for the service = "
                             "4576MiB, the limit is 4GiB"),
          testing::HasSubstr("workers of queues with protocol: frames")));
}

TEST_F(PlanTest, WorkersThatStayShareTheMemoryWhereNothingIsSaidOfTheirs) {
  LimitMemory(2048 * kMiB);
  config_.budget = 256 * kMiB;
  config_.slots = 2;
  config_.queues = {FramesQueue(4)};
  auto plan = MakePlan(config_, root_, 4);
  ASSERT_TRUE(plan.ok()) << plan.error().hint;
  EXPECT_EQ(plan->executor_memory[0], 406 * kMiB) << "(2048 - 256 - 40 - 128) / 4";

  config_.queues[0].workers = 2;
  config_.queues[0].isolation.recycle_after = 1;
  plan = MakePlan(config_, root_, 4);
  ASSERT_TRUE(plan.ok()) << plan.error().hint;
  EXPECT_EQ(plan->executor_memory[0], 406 * kMiB) << "two at work, the next two beside them";
}

TEST_F(PlanTest, ThereAreAsManySlotsAsFitBesideWorkersThatStay) {
  LimitMemory(4096 * kMiB);
  config_.budget = 256 * kMiB;
  config_.queues.push_back(FramesQueue(2));
  config_.queues.back().isolation.memory = 1400 * kMiB;
  auto plan = MakePlan(config_, root_, 8);
  ASSERT_TRUE(plan.ok()) << plan.error().hint;
  EXPECT_EQ(plan->slots, 2U) << "(4096 - 256 - 80 - 128 - 2800) / 384";

  config_.queues.erase(config_.queues.begin());
  plan = MakePlan(config_, root_, 8);
  ASSERT_TRUE(plan.ok()) << plan.error().hint;
  EXPECT_EQ(plan->slots, 8U) << "their memory is there already";
}

TEST_F(PlanTest, CommandsThatEndWithTheirJobTakeTheMemoryOfSlots) {
  LimitMemory(2048 * kMiB);
  config_.budget = 256 * kMiB;
  config_.slots = 2;
  config_.queues = {FramesQueue(4)};
  config_.queues[0].command.protocol = CommandOptions::Protocol::kOnce;
  const auto plan = MakePlan(config_, root_, 4);
  ASSERT_TRUE(plan.ok()) << plan.error().hint;
  EXPECT_EQ(plan->executor_memory[0], 812 * kMiB) << "(2048 - 256 - 40 - 128) / 2";
}

TEST_F(PlanTest, QueuesThatOnlyWaitNeedNoExecutorMemoryAndHaveTheWorkersTheyAskFor) {
  LimitMemory(192 * kMiB);
  config_.queues.erase(config_.queues.begin() + 1);
  config_.queues[0].upstream.url = "http://127.0.0.1:9000/";
  config_.queues[0].workers = 50;
  const auto plan = MakePlan(config_, root_, 1);
  ASSERT_TRUE(plan.ok()) << plan.error().hint;
  EXPECT_THAT(plan->executor_memory, testing::ElementsAre(0U));
  EXPECT_THAT(plan->workers, testing::ElementsAre(50U));
}

TEST_F(PlanTest, EachFurtherLanguageOfOcrTakesMemory) {
  LimitMemory(1024 * kMiB);
  config_.slots = 4;
  config_.queues[0].handler = "ocr";
  config_.queues[0].ocr.languages = {"eng", "deu", "osd"};
  EXPECT_THAT(MakePlan(config_, root_, 4).error().hint, testing::HasSubstr("+ 64MiB for zygotes"));
}

TEST_F(PlanTest, ThreadQueuesNeedNoExecutorMemory) {
  LimitMemory(192 * kMiB);
  config_.queues.erase(config_.queues.begin());
  const auto plan = MakePlan(config_, root_, 4);
  ASSERT_TRUE(plan.ok()) << plan.error().hint;
  EXPECT_EQ(plan->slots, 1U);
}

TEST_F(PlanTest, AReloadChangesTheNumberOfWorkersAndNoShare) {
  LimitMemory(4096 * kMiB);
  config_.queues[0].isolation.memory = 256 * kMiB;
  config_.queues.push_back(FramesQueue(1));
  config_.queues[2].isolation.memory = 300 * kMiB;
  const auto running = MakePlan(config_, root_, 4);
  ASSERT_TRUE(running.ok()) << running.error().hint;
  config_.queues[1].workers = std::nullopt;
  config_.queues[2].workers = 2;
  LimitMemory(1024 * kMiB);  // what the machine has now is for the next start
  auto plan = Replan(config_, *running);
  ASSERT_TRUE(plan.ok()) << plan.error().hint;
  EXPECT_THAT(plan->workers, testing::ElementsAre(running->slots, running->slots, 2U));
  EXPECT_EQ(plan->slots, running->slots);
  EXPECT_EQ(plan->executor_memory, running->executor_memory);
  config_.queues[2].workers = 100;
  plan = Replan(config_, *running);
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.error().hint, testing::HasSubstr("memory does not suffice"));
}

}  // namespace
}  // namespace headrace
