#include "app/logging.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>

#include "base/fd.h"
#include "base/log.h"

namespace headrace {
namespace {

// What `work` writes to stderr.
template <class Work>
std::string StderrOf(Work work) {
  testing::internal::CaptureStderr();
  work();
  return testing::internal::GetCapturedStderr();
}

TEST(LoggingTest, TextLinesHaveTimeLevelAndMessage) {
  const std::string text = StderrOf([] {
    const AsyncLog log({LogLevel::kInfo, LogFormat::kText});
    spdlog::info("hello {}", 1);
    spdlog::debug("not this");
  });
  EXPECT_THAT(text, testing::MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9:.]+Z info hello 1\n"));
}

TEST(LoggingTest, TheLevelChangesWhileItRunsAndStaysForTheLastLines) {
  const std::string text = StderrOf([] {
    {
      AsyncLog log({LogLevel::kInfo, LogFormat::kText});
      spdlog::debug("too early");
      log.SetLevel(LogLevel::kDebug);
      spdlog::debug("now");
    }
    spdlog::debug("directly");
  });
  EXPECT_THAT(text, testing::MatchesRegex("[^ ]+ debug now\n[^ ]+ debug directly\n"));
}

TEST(LoggingTest, JsonLinesEscapeWhatTheyQuote) {
  const std::string text = StderrOf([] {
    const AsyncLog log({LogLevel::kInfo, LogFormat::kJson});
    spdlog::warn("a \"b\"\n\x01");
  });
  EXPECT_THAT(text, testing::HasSubstr(R"("level":"warning")"));
  EXPECT_THAT(text, testing::HasSubstr(R"("message":"a \"b\"\n\u0001")"));
}

TEST(LoggingTest, JsonLinesHaveTheFieldsOfTheirEvent) {
  const std::string text = StderrOf([] {
    const AsyncLog log({LogLevel::kInfo, LogFormat::kJson});
    LogInfo("job ended", {{"job_id", "a"}, {"run_seconds", 0.5}});
  });
  EXPECT_THAT(
      text,
      testing::MatchesRegex(
          R"(\{"time":"[^"]+","level":"info","message":"job ended","job_id":"a","run_seconds":0.5\})"
          "\n"));
}

TEST(LoggingTest, ALoggerThatIsReplacedStaysForTheThreadsThatAreInIt) {
  LogDirectly({});
  const std::weak_ptr<spdlog::logger> direct = spdlog::default_logger();
  const AsyncLog log({});
  const std::weak_ptr<spdlog::logger> queued = spdlog::default_logger();
  LogDirectly({});
  EXPECT_FALSE(direct.expired());
  EXPECT_FALSE(queued.expired());
}

TEST(LoggingTest, NobodyWaitsForASlowReaderAndLostLinesAreCounted) {
  ::signal(SIGPIPE, SIG_IGN);  // as in the service
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  UniqueFd reader(ends[0]);
  const UniqueFd saved(::dup(STDERR_FILENO));
  ASSERT_GE(::dup2(ends[1], STDERR_FILENO), 0);
  ::close(ends[1]);
  std::uint64_t dropped = 0;
  {
    const AsyncLog log({LogLevel::kInfo, LogFormat::kText});
    const std::string line(1000, 'x');
    for (int i = 0; i < 20'000; ++i) spdlog::info("{}", line);  // nobody reads: a pipe holds 64 KiB
    dropped = log.Dropped();
    reader.reset();  // EPIPE for the line that waits
    const UniqueFd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    ::dup2(nowhere.get(), STDERR_FILENO);  // for those that are queued
  }
  ::dup2(saved.get(), STDERR_FILENO);
  EXPECT_GT(dropped, 1000U);
}

}  // namespace
}  // namespace headrace
