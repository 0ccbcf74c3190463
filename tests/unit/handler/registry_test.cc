#include "handler/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

HandlerEntry Entry(const std::string& name) {
  HandlerEntry entry;
  entry.info.name = name;
  return entry;
}

TEST(RegistryTest, FindsHandlersByName) {
  HandlerRegistry registry;
  registry.Add(Entry("simulate"));
  registry.Add(Entry("pdf-to-image"));
  ASSERT_NE(registry.Find("simulate"), nullptr);
  EXPECT_EQ(registry.Find("simulate")->info.name, "simulate");
  EXPECT_EQ(registry.Find("nothing"), nullptr);
  EXPECT_THAT(registry.Names(), ElementsAre("pdf-to-image", "simulate"));
}

TEST(RegistryTest, RefusesAModeThatTheHandlerDoesNotHave) {
  const HandlerEntry neither = Entry("x");
  IsolationOptions options;
  EXPECT_THAT(CheckIsolation(neither, options), ElementsAre(HasSubstr("allowed is thread")));
  options.mode = IsolationMode::kThread;
  EXPECT_THAT(CheckIsolation(neither, options), ElementsAre(HasSubstr("allowed is process")));
  HandlerEntry executor = Entry("x");
  executor.executor = "headrace-x";
  options.mode = IsolationMode::kProcess;
  EXPECT_THAT(CheckIsolation(executor, options), IsEmpty());
}

TEST(IsolationTest, AcceptsItsDefaults) { EXPECT_THAT(Validate(IsolationOptions{}), IsEmpty()); }

TEST(IsolationTest, RefusesLimitsBesideModeThread) {
  IsolationOptions options;
  options.mode = IsolationMode::kThread;
  options.memory = kAutoExecutorMemory;
  options.cpu = kDefaultExecutorCpu;
  options.recycle_after = 2;
  EXPECT_THAT(Validate(options),
              ElementsAre(StartsWith("memory: a thread"), StartsWith("cpu: a thread"),
                          StartsWith("recycle_after: there is no process")));
}

TEST(IsolationTest, NamesEveryValueOutOfRange) {
  IsolationOptions options;
  options.memory = 1;
  options.cpu = std::chrono::seconds(0);
  options.recycle_after = 0;
  EXPECT_THAT(Validate(options), ElementsAre(StartsWith("memory: "), StartsWith("cpu: "),
                                             StartsWith("recycle_after: ")));
}

}  // namespace
}  // namespace headrace
