#include <signal.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "pool_fixture.h"

namespace headrace {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

struct BadJob {
  const char* action;
  ErrorCode code;
  const char* type;
  const char* detail;
  ExecutorDeath death;
};

std::ostream& operator<<(std::ostream& out, const BadJob& job) { return out << job.action; }

class BadJobs : public PoolTest, public ::testing::WithParamInterface<BadJob> {};

TEST_P(BadJobs, EndAsDocumentedAndTheNextOneRuns) {
  options_.memory = 512 * kMiB;
  options_.max_result = 10 * kMiB;
  const BadJob& bad = GetParam();
  ExpectFailure(Run({{"do", bad.action}, {"size", "10000000000"}}), bad.code, bad.type, bad.detail);
  EXPECT_GT(outcome_.timings.peak_memory, 0U);
  EXPECT_EQ(Deaths(bad.death), 1U);
  ExpectNextJobWorks();
}

constexpr auto k502 = ErrorCode::kHandlerCrashed;
constexpr const char* kCrashed = "executor-crashed";
constexpr const char* kTooLarge = "result-too-large";
using Death = ExecutorDeath;

INSTANTIATE_TEST_SUITE_P(
    Crashes, BadJobs,
    ::testing::Values(BadJob{"exit", k502, kCrashed, "exited with status 3", Death::kCrash},
                      BadJob{"bad-alloc", k502, kCrashed, "memory limit", Death::kMemory},
                      BadJob{"close-socket", k502, kCrashed, "closed its socket",
                             Death::kProtocol}));

#ifndef HEADRACE_SANITIZED  // whose runtimes turn signals into exits and need the address space
INSTANTIATE_TEST_SUITE_P(
    Signals, BadJobs,
    ::testing::Values(BadJob{"segv", k502, kCrashed, "SIGSEGV", Death::kCrash},
                      BadJob{"abort", k502, kCrashed, "SIGABRT", Death::kCrash},
                      BadJob{"allocate", k502, kCrashed, "memory limit", Death::kMemory},
                      BadJob{"allocate-and-crash", k502, kCrashed, "memory limit",
                             Death::kMemory}));
#endif

INSTANTIATE_TEST_SUITE_P(
    Protocol, BadJobs,
    ::testing::Values(
        BadJob{"send-descriptor", k502, kCrashed, "a descriptor", Death::kProtocol},
        BadJob{"send-garbage", k502, kCrashed, "malformed frame", Death::kProtocol},
        BadJob{"send-too-long", k502, kCrashed, "malformed frame", Death::kProtocol},
        BadJob{"send-job", k502, kCrashed, "not an executor's", Death::kProtocol},
        BadJob{"send-bad-name", k502, kCrashed, "malformed part", Death::kProtocol},
        BadJob{"ask-twice", k502, kCrashed, "while a part is open", Death::kProtocol},
        BadJob{"end-unopened", k502, kCrashed, "did not begin", Death::kProtocol},
        BadJob{"bad-progress", k502, kCrashed, "malformed progress", Death::kProtocol},
        BadJob{"flood-progress", k502, kCrashed, "progress all the time", Death::kProtocol},
        BadJob{"lie", k502, kCrashed, "wrong count", Death::kProtocol}));

INSTANTIATE_TEST_SUITE_P(
    Results, BadJobs,
    ::testing::Values(BadJob{"ask", k502, kTooLarge, "10000000000 bytes", Death::kResult},
                      BadJob{"flood-parts", k502, kTooLarge, "too many parts", Death::kResult}));

TEST_F(PoolTest, TakesWhatOnlyKeepersMaySayFromNobodyElse) {
  for (const char* const kind : {"stderr", "usage"}) {
    ExpectFailure(Run({{"do", "speak-as-keeper"}, {"kind", kind}}), k502, kCrashed,
                  "not an executor's");
  }
  EXPECT_EQ(Deaths(Death::kProtocol), 2U);
}

TEST_F(PoolTest, CountsAllPartsAgainstTheLimitOfTheResult) {
  options_.max_result = 10 * kMiB;
  ExpectFailure(Run({{"do", "parts"}, {"count", "11"}, {"size", "1000000"}}), k502, kTooLarge, "");
  EXPECT_EQ(Run({{"do", "parts"}, {"count", "10"}, {"size", "1000000"}}).state,
            JobState::kSucceeded);
}

TEST_F(PoolTest, MapsEachKindOfFailureToItsCode) {
  ExpectFailure(Run({{"do", "fail"}, {"kind", "payload"}}), ErrorCode::kUnprocessable, "some-type",
                "dddd");
  EXPECT_EQ(outcome_.error->hint, "hhhh");
  ExpectFailure(Run({{"do", "fail"}, {"kind", "acceptable"}}), ErrorCode::kNotAcceptable,
                "some-type", "");
  ExpectFailure(Run({{"do", "fail"}, {"kind", "large"}}), k502, "some-type", "");
  ExpectFailure(Run({{"do", "fail"}, {"kind", "internal"}}), ErrorCode::kInternal, "some-type", "");
}

TEST_F(PoolTest, CutsTheTextsOfAFailure) {
  const Outcome& outcome = Run({{"do", "fail"}, {"size", "1000000"}});
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.error->hint.size(), kMaxFailureHint);
  EXPECT_EQ(outcome.error->detail.size(), kMaxFailureDetail);
}

TEST_F(PoolTest, TakesWhatAHandlerThrowsAsItsOwnFault) {
  ExpectFailure(Run({{"do", "throw"}}), ErrorCode::kInternal, "handler-failed",
                "thrown on purpose");
  ExpectFailure(Run({{"do", "throw-int"}}), ErrorCode::kInternal, "handler-failed",
                "std::exception");
  ExpectFailure(Run({{"do", "bad-part-name"}}), ErrorCode::kInternal, "handler-failed",
                "'no/file'");
}

// Of all threads.
std::vector<pid_t> Children() {
  std::vector<pid_t> all;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    const auto text = ReadTextFile(entry.path() / "children", 4096);
    if (!text) continue;  // the thread has ended meanwhile
    std::istringstream children(*text);
    for (pid_t pid = 0; children >> pid;) all.push_back(pid);
  }
  return all;
}

TEST_F(PoolTest, SurvivesThatEveryChildOfItIsKilledWhileAJobRuns) {
  options_.workers = 2;
  ExecutorPool& pool = Pool();
  const pid_t zygote = pool.ZygotePid();
  Spawn([&] { return ChildrenInGroup(zygote).size() == 3; });
  const QueuedJob job = Job({{"do", "sleep"}});
  auto running = std::async(std::launch::async, [&] { return pool.Run(job); });
  Spawn([&] { return pool.Figures().started == 3 && ChildrenInGroup(zygote).size() == 3; });
  for (const pid_t pid : Children()) {
    const UniqueFd pidfd = OpenPidfd(pid);
    kill(pid, SIGKILL);
    ASSERT_TRUE(Ends(pidfd));  // before that it may still take a job, and is then to blame for it
  }
  Spawn([&] { return running.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
  ExpectFailure(running.get(), k502, kCrashed, "SIGKILL");
  ExpectNextJobWorks();
}

}  // namespace
}  // namespace headrace
