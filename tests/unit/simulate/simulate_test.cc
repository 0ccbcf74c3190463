#include "handler/simulate/simulate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "base/deadline.h"
#include "handler/params.h"

namespace headrace {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class FakeContext final : public Context {
 public:
  // Cancelled from the `after`-th question on.
  explicit FakeContext(int after = 1'000'000'000) : after_(after) {}
  bool Cancelled() const override { return ++asked >= after_; }
  std::chrono::steady_clock::time_point Deadline() const override {
    return SteadyClock::now() + hours(1);
  }
  bool AddPart(std::string_view part_name, std::string_view type,
               std::span<const std::byte> bytes) override {
    name = part_name;
    media_type = type;
    text.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return accept;
  }

  mutable int asked = 0;
  bool accept = true;
  std::string name;
  std::string media_type;
  std::string text;

 private:
  const int after_;
};

Job JobWith(const Params& raw) {
  Job job;
  auto params = ValidateParams(SimulateInfo(), raw, {});
  EXPECT_TRUE(params.ok());
  job.params = *params;
  return job;
}

TEST(Simulate, BurnsThreeSecondsUnlessToldOtherwise) {
  EXPECT_EQ(JobWith({}).params.at("ms"), "3000");
  EXPECT_EQ(JobWith({}).params.at("mode"), "cpu");
}

TEST(Simulate, TakesUpToAnHour) {
  EXPECT_TRUE(ValidateParams(SimulateInfo(), {{"ms", "3600000"}}, {}).ok());
  EXPECT_FALSE(ValidateParams(SimulateInfo(), {{"ms", "3600001"}}, {}).ok());
  EXPECT_FALSE(ValidateParams(SimulateInfo(), {{"ms", "-1"}}, {}).ok());
  EXPECT_FALSE(ValidateParams(SimulateInfo(), {{"mode", "nap"}}, {}).ok());
  EXPECT_FALSE(ValidateParams(SimulateInfo(), {{"token", std::string(129, 'x')}}, {}).ok());
}

TEST(Simulate, DoesNothingForZeroAndAnswersWhatItDid) {
  FakeContext context;
  EXPECT_EQ(SimulateHandler().Run(JobWith({{"ms", "0"}}), context), std::nullopt);
  EXPECT_EQ(context.name, "result.json");
  EXPECT_EQ(context.media_type, "application/json");
  EXPECT_NE(context.text.find(R"("ms":0,"mode":"cpu","rounds":0,)"), std::string::npos);
  EXPECT_NE(context.text.find(R"("payload_bytes":0})"), std::string::npos);
}

TEST(Simulate, GivesTheTokenBackEscaped) {
  FakeContext context;
  const auto job = JobWith({{"ms", "0"}, {"token", "a\"b"}});
  EXPECT_EQ(SimulateHandler().Run(job, context), std::nullopt);
  EXPECT_NE(context.text.find(R"("token":"a\"b"})"), std::string::npos);
}

TEST(Simulate, BurnsCpuForTheTimeAsked) {
  FakeContext context;
  const auto begin = SteadyClock::now();
  EXPECT_EQ(SimulateHandler().Run(JobWith({{"ms", "20"}}), context), std::nullopt);
  EXPECT_GE(SteadyClock::now() - begin, milliseconds(20));
  EXPECT_EQ(context.text.find(R"("rounds":0,)"), std::string::npos);
}

TEST(Simulate, SleepsWithoutBurning) {
  FakeContext context;
  const auto begin = SteadyClock::now();
  const auto job = JobWith({{"ms", "20"}, {"mode", "sleep"}});
  EXPECT_EQ(SimulateHandler().Run(job, context), std::nullopt);
  EXPECT_GE(SteadyClock::now() - begin, milliseconds(20));
  EXPECT_NE(context.text.find(R"("mode":"sleep","rounds":0,)"), std::string::npos);
}

TEST(Simulate, StopsLongBeforeItsTimeOnceItIsCancelled) {
  for (const char* mode : {"cpu", "sleep"}) {
    FakeContext context(3);
    const auto begin = SteadyClock::now();
    EXPECT_EQ(SimulateHandler().Run(JobWith({{"ms", "3600000"}, {"mode", mode}}), context),
              std::nullopt);
    EXPECT_LT(SteadyClock::now() - begin, std::chrono::seconds(60));
  }
}

TEST(Simulate, FailsWhenItsResultIsNotWanted) {
  FakeContext context;
  context.accept = false;
  EXPECT_NE(SimulateHandler().Run(JobWith({{"ms", "0"}}), context), std::nullopt);
}

}  // namespace
}  // namespace headrace
