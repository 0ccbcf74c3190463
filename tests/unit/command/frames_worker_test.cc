#include "handler/command/frames_worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "command/with_namespaces.h"
#include "support/keeper_context.h"

namespace headrace {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

// A worker below this process, which plays the keeper; the other end of its socket is the
// service's.
class FramesWorkerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    std::string pattern = std::filesystem::temp_directory_path() / "headrace-test-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    options_.command = {HEADRACE_TEST_WORKER, ""};
    options_.readable = {"/"};
    options_.namespaces = testing_support::WithNamespaces();
    if (options_.namespaces) testing_support::SkipWithoutNamespaces();
    options_.protocol = CommandOptions::Protocol::kFrames;
    options_.scratch_dir = folder_;
    options_.cpu = std::chrono::seconds(60);
    options_.priority = ExecutorPriority::kNormal;
    options_.start_timeout = std::chrono::seconds(30);
    // The default counts on an idle machine; other tests run beside this one as the same user.
    options_.processes = 1000;
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    keeper_end_.reset(ends[0]);
    service_end_.reset(ends[1]);
  }

  void TearDown() override {
    if (worker_) worker_->Stop();
    worker_.reset();
    scratch_.reset();
    std::filesystem::remove_all(folder_);
  }

  // Made when it is asked for, so that a test may change the options before.
  FramesWorker& Worker(const std::string& start = "") {
    if (worker_) return *worker_;
    options_.command.back() = start;
    auto scratch = Scratch::Make(folder_);
    auto tree = ProcessTree::Make(getppid());
    auto launcher = ProgramLauncher::Make(options_, getppid(), getppid());
    EXPECT_TRUE(scratch.ok() && tree.ok() && launcher.ok());
    scratch_ = std::make_unique<Scratch>(*std::move(scratch));
    tree_ = std::make_unique<ProcessTree>(*std::move(tree));
    launcher_ = std::make_unique<ProgramLauncher>(*std::move(launcher));
    worker_ = std::make_unique<FramesWorker>(
        FramesWorker::Surroundings{options_, *launcher_, *scratch_, *tree_, keeper_end_.get()});
    return *worker_;
  }
  FramesWorker& Started() {
    if (worker_) return *worker_;
    const auto reason = Worker().Start();
    EXPECT_FALSE(reason) << *reason;
    return *worker_;
  }

  std::optional<Failure> Run(Params params, std::string_view payload = "") {
    context_ = std::make_unique<KeeperContextFake>();
    Job job;
    job.id = "job-1";
    job.queue = "queue";
    job.params = std::move(params);
    job.payload = std::as_bytes(std::span(payload));
    return Started().RunJob(job, *context_);
  }

  void ExpectSuccess(const std::optional<Failure>& failure) {
    EXPECT_FALSE(failure) << failure.value_or(Failure{}).detail;
  }
  void ExpectCrash(const std::optional<Failure>& failure, const std::string& detail) {
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, Failure::Kind::kCrashed);
    EXPECT_EQ(failure->type, "executor-crashed");
    EXPECT_THAT(failure->detail, HasSubstr(detail));
    EXPECT_FALSE(worker_->TakesMore());
    EXPECT_FALSE(worker_->AwaitJob());
  }
  // It has taken no harm.
  void ExpectNextJobWorks() {
    EXPECT_TRUE(worker_->TakesMore());
    ExpectSuccess(Run({{"do", "echo"}}, "the next job"));
    EXPECT_THAT(context_->parts, ElementsAre(Pair("echo", "the next job")));
  }
  void ExpectNoStart(const std::string& start, const std::string& reason) {
    const auto told = Worker(start).Start();
    ASSERT_TRUE(told);
    EXPECT_THAT(*told, HasSubstr(reason));
    EXPECT_FALSE(worker_->TakesMore());
  }

  std::filesystem::path folder_;
  CommandOptions options_;
  UniqueFd keeper_end_;
  UniqueFd service_end_;
  std::unique_ptr<Scratch> scratch_;
  std::unique_ptr<ProcessTree> tree_;
  std::unique_ptr<ProgramLauncher> launcher_;
  std::unique_ptr<FramesWorker> worker_;
  std::unique_ptr<KeeperContextFake> context_;
};

TEST_F(FramesWorkerTest, DoesOneJobAfterTheOther) {
  for (const std::string payload : {"first", "", "third"}) {
    ExpectSuccess(Run({{"do", "echo"}}, payload));
    EXPECT_THAT(context_->parts, ElementsAre(Pair("echo", payload)));
    EXPECT_TRUE(worker_->TakesMore());
  }
}

TEST_F(FramesWorkerTest, IsToldAllOfAJob) {
  ExpectSuccess(Run({{"do", "head"}, {"lang", "a \"b\""}}));
  const std::string head = context_->parts.at(0).second;
  EXPECT_THAT(head, HasSubstr(R"("id":"job-1","queue":"queue","attempt":1,"deadline_ms":)"));
  EXPECT_THAT(head, HasSubstr(R"("params":{"do":"head","lang":"a \"b\""})"));
}

TEST_F(FramesWorkerTest, PassesPartsAndProgressOnInTheirOrder) {
  ExpectSuccess(Run({{"do", "steps"}}));
  EXPECT_THAT(context_->parts, ElementsAre(Pair("one", "1"), Pair("none", ""), Pair("two", "2")));
  EXPECT_THAT(context_->progress, ElementsAre(Pair(1, 2), Pair(2, 2)));
}

TEST_F(FramesWorkerTest, StreamsLongParts) {
  const std::string payload(5'000'000, 'p');
  ExpectSuccess(Run({{"do", "echo"}}, payload));
  ASSERT_THAT(context_->parts, SizeIs(1));
  EXPECT_TRUE(context_->parts.front().second == payload);
  EXPECT_EQ(context_->streamed, 1);
  ExpectNextJobWorks();
}

TEST_F(FramesWorkerTest, AnswersBeforeItHasReadEverythingWithoutADeadlock) {
  // Neither fits into the socket's buffers.
  ExpectSuccess(Run({{"do", "flood"}}, std::string(8'000'000, 'p')));
  EXPECT_EQ(context_->parts.at(0).second.size(), std::size_t{8} << 20U);
  ExpectNextJobWorks();
}

TEST_F(FramesWorkerTest, RefusesAJobByItsHeadAndReadsItsPayloadAway) {
  const auto failure = Run({{"do", "refuse"}}, std::string(8'000'000, 'p'));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->hint, "not this one");
  ExpectNextJobWorks();
}

TEST_F(FramesWorkerTest, GivesItsFailuresToTheClient) {
  const std::map<std::string, std::pair<Failure::Kind, std::string>> kinds{
      {"422", {Failure::Kind::kBadPayload, "command-refused"}},
      {"500", {Failure::Kind::kInternal, "command-failed"}},
      {"503", {Failure::Kind::kRetry, "command-unavailable"}}};
  for (const auto& [status, expected] : kinds) {
    const auto failure = Run({{"do", "fail"}, {"status", status}, {"hint", "so \x01\xFF it is"}});
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind, expected.first);
    EXPECT_EQ(failure->type, expected.second);
    EXPECT_EQ(failure->hint, "so  \xEF\xBF\xBD it is");
    EXPECT_EQ(failure->detail, "the detail");
  }
  EXPECT_FALSE(Run({{"do", "fail"}, {"status", "422"}})->hint.empty());
  ExpectNextJobWorks();
}

TEST_F(FramesWorkerTest, ACrashTakesItsJobWithIt) {
  ExpectCrash(Run({{"do", "abort"}}), "signal 6");
}
TEST_F(FramesWorkerTest, ItsExitInAJobIsACrashAndItsLastWordsAreKept) {
  ExpectCrash(Run({{"do", "exit"}}), "exit status 7;   that was it");
}
TEST_F(FramesWorkerTest, ACrashInTheMiddleOfAPartIsOne) {
  ExpectCrash(Run({{"do", "half"}}), "signal 6");
}
TEST_F(FramesWorkerTest, ClosingItsSocketIsACrash) {
  ExpectCrash(Run({{"do", "close"}}), "it closed its socket");
}
TEST_F(FramesWorkerTest, BreakingTheProtocolIsACrash) {
  ExpectCrash(Run({{"do", "babble"}}), "byte 5 of a header");
}

TEST_F(FramesWorkerTest, AJobThatEndedBeforeItsWorkerDidSucceeded) {
  ExpectSuccess(Run({{"do", "done-and-exit"}}));
  EXPECT_THAT(context_->parts, ElementsAre(Pair("last", "words")));
  EXPECT_FALSE(worker_->AwaitJob());
}

TEST_F(FramesWorkerTest, WhoSaysMoreThanItsJobGetsNoOther) {
  ExpectSuccess(Run({{"do", "done-and-more"}}));
  EXPECT_FALSE(worker_->AwaitJob());
}

TEST_F(FramesWorkerTest, MayUseItsCpuTimeInEachJobAnew) {
  options_.cpu = std::chrono::seconds(1);
  for (int job = 0; job < 2; ++job) ExpectSuccess(Run({{"do", "burn"}}));
  const auto failure = Run({{"do", "spin"}});
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, Failure::Kind::kCpuLimit);
  EXPECT_FALSE(worker_->TakesMore());
}

TEST_F(FramesWorkerTest, MayFillItsFolderSoFarOnly) {
  options_.scratch = std::uint64_t{4} << 20U;
  const auto failure = Run({{"do", "fill"}});
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind, Failure::Kind::kTooLarge);
  EXPECT_EQ(failure->type, "scratch-full");
  EXPECT_FALSE(worker_->TakesMore());
}

TEST_F(FramesWorkerTest, FindsItsFolderEmptyInEachJob) {
  for (int job = 0; job < 2; ++job) {
    ExpectSuccess(Run({{"do", "tmp"}}));
    EXPECT_THAT(context_->parts, ElementsAre(Pair("tmp", "")));
  }
  EXPECT_TRUE(std::filesystem::is_empty(scratch_->tmp()));
}

TEST_F(FramesWorkerTest, MayNotFillItsFolderBetweenTwoJobsEither) {
  options_.scratch = std::uint64_t{12} << 20U;
  ExpectSuccess(Run({{"do", "fill-later"}}));
  EXPECT_TRUE(worker_->TakesMore());
  EXPECT_FALSE(worker_->AwaitJob());
}

TEST_F(FramesWorkerTest, WhatItSaysGoesToTheLogOfItsJob) {
  ExpectSuccess(Run({{"do", "say"}}));
  EXPECT_EQ(context_->log, "on output\non error\n");
  ExpectSuccess(Run({{"do", "echo"}}));
  EXPECT_EQ(context_->log, "");
}

TEST_F(FramesWorkerTest, TheLogOfAJobIsBounded) {
  options_.stderr_limit = 10'000;
  for (int job = 0; job < 2; ++job) {
    ExpectSuccess(Run({{"do", "say-much"}}));
    EXPECT_EQ(context_->log, std::string(10'000, 'y'));
  }
}

TEST_F(FramesWorkerTest, TellsWhatEachJobUsed) {
  constexpr std::uint64_t kMemory = std::uint64_t{96} << 20U;
  ExpectSuccess(Run({{"do", "use"}}));
  ASSERT_THAT(context_->usage, SizeIs(1));
  const auto used = context_->usage.front();
  EXPECT_GT(used.first.count(), 0);
  EXPECT_GE(used.second, kMemory);
  ExpectSuccess(Run({{"do", "echo"}}));
  EXPECT_LT(context_->usage.at(0).first, used.first);
#ifndef HEADRACE_SANITIZED  // whose run-times keep what was freed
  // Not every kernel can begin anew.
  if (access("/proc/self/clear_refs", W_OK) == 0) {
    EXPECT_LT(context_->usage.at(0).second, kMemory);
  }
#endif
}

TEST_F(FramesWorkerTest, EndsWhenNobodyWantsItsJobAnyMore) {
  Started();
  context_ = std::make_unique<KeeperContextFake>();
  context_->on_progress = [&] { service_end_.reset(); };
  Job job;
  job.params = {{"do", "forever"}};
  EXPECT_TRUE(worker_->RunJob(job, *context_));
  EXPECT_FALSE(worker_->TakesMore());
  worker_->Stop();
  EXPECT_TRUE(tree_->status());
}

TEST_F(FramesWorkerTest, EndsWhenItIsTold) {
  Started();
  kill(getpid(), SIGTERM);  // blocked, and seen by the tree
  EXPECT_FALSE(worker_->AwaitJob());
}

TEST_F(FramesWorkerTest, ItsEndIsNoticedBetweenJobs) {
  ASSERT_EQ(Worker("leaves").Start(), std::nullopt);
  EXPECT_FALSE(worker_->AwaitJob());
}

TEST_F(FramesWorkerTest, WhatItSaysWithoutAJobEndsIt) {
  ASSERT_EQ(Worker("chatters").Start(), std::nullopt);
  EXPECT_FALSE(worker_->AwaitJob());
}

TEST_F(FramesWorkerTest, WaitsForTheServicesNextWord) {
  Started();
  ASSERT_EQ(send(service_end_.get(), "x", 1, 0), 1);
  EXPECT_TRUE(worker_->AwaitJob());
  service_end_.reset();
  EXPECT_FALSE(worker_->AwaitJob());
}

TEST_F(FramesWorkerTest, AServiceThatClosesWhileItLoadsEndsIt) {
  service_end_.reset();
  ExpectNoStart("silent", "not wanted");
}

TEST_F(FramesWorkerTest, TellsWhyItDoesNotStart) {
  ExpectNoStart("broken", "exit status 4; its last words: Traceback: no such model");
}
TEST_F(FramesWorkerTest, MustSpeakTheSameVersion) { ExpectNoStart("newer", "version 2"); }
TEST_F(FramesWorkerTest, MustBeReadyInTime) {
  options_.start_timeout = std::chrono::milliseconds(50);
  ExpectNoStart("silent", "not ready after 50 ms");
}
TEST_F(FramesWorkerTest, MustBeThere) {
  options_.command = {"/nowhere/worker", ""};
  ExpectNoStart("", "/nowhere/worker");
}

TEST_F(FramesWorkerTest, IsGivenUpWhereTheServiceTakesNoMore) {
  context_ = std::make_unique<KeeperContextFake>();
  context_->takes_parts = false;
  Job job;
  job.params = {{"do", "echo"}};
  const std::string payload(100'000, 'p');
  job.payload = std::as_bytes(std::span(payload));
  EXPECT_TRUE(Started().RunJob(job, *context_));
  EXPECT_FALSE(worker_->TakesMore());
}

}  // namespace
}  // namespace headrace
