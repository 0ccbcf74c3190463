#include "base/log.h"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>
#include <string>

namespace headrace {
namespace {

class LogTest : public testing::Test {
 protected:
  LogTest() : before_(spdlog::default_logger()) {
    auto logger = std::make_shared<spdlog::logger>(
        "captured", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
    logger->set_pattern("%l %v");
    spdlog::set_default_logger(std::move(logger));
  }
  ~LogTest() override {
    SetLogStyle(LogStyle::kText);
    spdlog::set_default_logger(before_);
  }

  std::string Written() {
    const std::string text = text_.str();
    text_.str("");
    return text;
  }

  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_;
};

TEST_F(LogTest, WritesTheFieldsBehindTheMessage) {
  LogInfo("job ended",
          {{"job_id", "a"}, {"attempt", 2U}, {"status", -1}, {"run_seconds", 0.12345}});
  EXPECT_EQ(Written(), "info job ended: job_id=a attempt=2 status=-1 run_seconds=0.123\n");
}

TEST_F(LogTest, PutsFieldsThatTheMessageNamesIntoIt) {
  LogWarn("queue {queue}: zygote {pid} is warm", {{"queue", "pdf"}, {"pid", 7}, {"detail", "x"}});
  EXPECT_EQ(Written(), "warning queue pdf: zygote 7 is warm: detail=x\n");
}

TEST_F(LogTest, ReplacesNothingInsideOfAValue) {
  LogError("store: {detail}", {{"detail", "{queue}"}, {"queue", "pdf"}});
  EXPECT_EQ(Written(), "error store: {queue}: queue=pdf\n");
}

TEST_F(LogTest, KeepsALineWhateverAValueHolds) {
  LogInfo("job ended", {{"type", ""}, {"detail", "two\nlines {} %v"}});
  EXPECT_EQ(Written(), "info job ended: type=- detail=two\\x0alines {} %v\n");
}

TEST_F(LogTest, WritesTheMembersOfAJsonObject) {
  SetLogStyle(LogStyle::kJson);
  LogInfo("queue {queue} is up",
          {{"queue", "\"pdf\""}, {"pid", 7}, {"type", ""}, {"run_seconds", 1.5}});
  EXPECT_EQ(Written(),
            "info \x1e\"message\":\"queue \\\"pdf\\\" is up\",\"queue\":\"\\\"pdf\\\"\",\"pid\":7,"
            "\"run_seconds\":1.5\n");
}

TEST_F(LogTest, LeavesLinesOutThatAreBelowTheLevel) {
  LogDebug("job accepted");
  EXPECT_EQ(Written(), "");
  EXPECT_TRUE(LogsInfo());
  spdlog::default_logger()->set_level(spdlog::level::warn);
  EXPECT_FALSE(LogsInfo());
}

}  // namespace
}  // namespace headrace
