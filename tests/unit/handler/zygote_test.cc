#include "handler/pool/zygote.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "pool_fixture.h"
#include "support/descriptor_limit.h"

extern char** environ;

namespace headrace {
namespace {

using ::testing::HasSubstr;

TEST_F(PoolTest, IsReadyOnceItsZygoteIsWarm) {
  EXPECT_TRUE(Pool().Ready());
  EXPECT_TRUE(Pool().Healthy());
  EXPECT_EQ(Pool().LastError(), "");
}

TEST_F(PoolTest, StartsAKilledZygoteAgainAndAnswersTheNextJob) {
  ExpectNextJobWorks();
  const pid_t zygote = Pool().ZygotePid();
  kill(zygote, SIGKILL);
  ExpectNextJobWorks();  // maybe by an executor that had been forked ahead
  Spawn([&] { return Pool().ZygotePid() != zygote; });
  EXPECT_THAT(Pool().LastError(), HasSubstr("SIGKILL"));
  ExpectNextJobWorks();
}

TEST_F(PoolTest, FinishesAJobWhoseZygoteDies) {
  ExecutorPool& pool = Pool();
  const pid_t zygote = pool.ZygotePid();
  const QueuedJob job = Job({{"do", "burn-for"}, {"ms", "300"}});
  auto running = std::async(std::launch::async, [&] { return pool.Run(job); });
  Spawn([&] { return pool.Figures().started == 2; });
  kill(zygote, SIGKILL);
  Spawn([&] { return running.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
  EXPECT_EQ(running.get().state, JobState::kSucceeded);
}

TEST_F(PoolTest, TakesAnotherExecutorWhenTheOnesThatWaitedAreDead) {
  options_.workers = 3;
  ExecutorPool& pool = Pool();
  const pid_t zygote = pool.ZygotePid();
  Spawn([&] { return ChildrenInGroup(zygote).size() == 4; });
  for (const pid_t pid : ChildrenInGroup(zygote)) {
    if (pid == zygote) continue;
    const UniqueFd pidfd = OpenPidfd(pid);
    kill(pid, SIGKILL);
    ASSERT_TRUE(Ends(pidfd));
  }
  ExpectNextJobWorks();
  EXPECT_EQ(pool.ZygotePid(), zygote);
  EXPECT_TRUE(pool.Healthy());
}

struct BadBinary {
  const char* name;
  const char* reason;
};
std::ostream& operator<<(std::ostream& out, const BadBinary& binary) { return out << binary.name; }

class BadZygotes : public PoolTest, public ::testing::WithParamInterface<BadBinary> {};

TEST_P(BadZygotes, AreUnhealthySayWhyAndJobsAreRefusedSoon) {
  UseBinary(GetParam().name);
  // The others are to say why first, however slow their machine is.
  const bool late = std::string_view(GetParam().name) == "slow-executor";
  options_.warm_timeout = std::chrono::milliseconds(late ? 200 : 30'000);
  EXPECT_FALSE(Pool().Ready());
  EXPECT_FALSE(Pool().Healthy());
  EXPECT_THAT(Pool().LastError(), HasSubstr(GetParam().reason));
  ExpectFailure(Run({{"do", "echo"}}), ErrorCode::kUnavailable, "executors-unavailable",
                GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    Binaries, BadZygotes,
    ::testing::Values(BadBinary{"broken-executor", "the model file is missing"},
                      BadBinary{"dying-executor", "exited with status 5"},
                      BadBinary{"slow-executor", "not get warm in time"},
                      BadBinary{"babbling-executor", "does not speak the protocol"}));

TEST_F(PoolTest, SaysThatItsBinaryIsMissing) {
  options_.binary = "/nonexistent/executor";
  ExpectFailure(Run({{"do", "echo"}}), ErrorCode::kUnavailable, "executors-unavailable",
                "/nonexistent/executor: No such file");
}

TEST_F(PoolTest, RefusesAJobWhoseExecutorsEndBeforeTheyTakeIt) {
  UseBinary("unfit-executor");
  ExpectFailure(Run({{"do", "echo"}}), ErrorCode::kUnavailable, "executors-unavailable",
                "exited with status 7");
  EXPECT_FALSE(Pool().Healthy());
}

TEST_F(PoolTest, TriesAnotherExecutorWhereOneEndsWithoutReadingItsJob) {
  UseBinary("deaf-executor");
  ExpectFailure(Run({{"do", "echo"}}), ErrorCode::kUnavailable, "executors-unavailable",
                "before it took a job; it exited with status 7");
  EXPECT_EQ(Deaths(ExecutorDeath::kCrash), options_.workers + 2);
}

TEST_F(PoolTest, RefusesAJobWhenItsZygoteCannotFork) {
  UseBinary("forkless-executor");
  ExpectFailure(Run({{"do", "echo"}}), ErrorCode::kUnavailable, "executors-unavailable",
                "Resource temporarily unavailable");
}

// Those that were to be forked ahead when there was no room tell nothing of now.
TEST_F(PoolTest, DoesTheJobsAfterForksThatFailedLongAgo) {
  UseBinary("once-forkless-executor");
  options_.workers = 8;
  Pool();
  for (int job = 0; job < 3; ++job) ExpectNextJobWorks();
}

class WithoutDescriptors : public PoolTest {
 protected:
  // Until `none_` is empty again this process gets no new descriptor.
  void TakeDescriptors() {
    const UniqueFd next(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    none_.emplace(0, static_cast<rlim_t>(next.get()));
  }
  // A job that needs none of its own to be looked at.
  static QueuedJob JobWithToken(Params params) {
    QueuedJob job = Job(std::move(params));
    EXPECT_GE(job.cancel.PollFd(), 0);
    return job;
  }

  std::optional<DescriptorLimit> none_;
};

TEST_F(WithoutDescriptors, AJobIsRefusedSoonForWhichNoExecutorCanBeAskedFor) {
  options_.held = true;
  Pool();
  const QueuedJob job = JobWithToken({{"do", "nothing"}});
  const SteadyTime begin = SteadyClock::now();
  TakeDescriptors();
  outcome_ = pool_->Run(job);
  none_.reset();
  EXPECT_LT(SteadyClock::now() - begin, std::chrono::seconds(10));
  ExpectFailure(outcome_, ErrorCode::kUnavailable, "executors-unavailable", "Too many open files");
  ExpectNextJobWorks();
}

// An executor is there, but there is no room for the descriptor that it is waited for by.
TEST_F(WithoutDescriptors, AZygoteIsKeptWhoseExecutorCannotBeTaken) {
  const pid_t zygote = Pool().ZygotePid();
  Spawn([&] { return ChildrenInGroup(zygote).size() == 2; });
  const QueuedJob job = JobWithToken({{"do", "nothing"}});
  TakeDescriptors();
  outcome_ = pool_->Run(job);
  none_.reset();
  ExpectFailure(outcome_, ErrorCode::kUnavailable, "executors-unavailable", "Too many open files");
  ExpectNextJobWorks();
  EXPECT_EQ(Pool().ZygotePid(), zygote);
  Spawn([&] { return ChildrenInGroup(zygote).size() == 2; });  // the lost one is reaped
}

TEST_F(WithoutDescriptors, AJobIsRefusedWhoseEndByItsClientCouldNotBeSeen) {
  options_.recycle_after = 2;
  ExpectNextJobWorks();
  QueuedJob job = Job({{"do", "sleep"}});
  job.deadline = Deadline::After(std::chrono::seconds(3));
  TakeDescriptors();
  outcome_ = pool_->Run(job);
  none_.reset();
  ExpectFailure(outcome_, ErrorCode::kUnavailable, "out-of-resources", "Too many open files");
  ExpectNextJobWorks();
}

TEST_F(PoolTest, GivesUpWaitingForAnExecutorAtTheDeadline) {
  UseBinary("slow-executor");
  pool_ = std::make_unique<ExecutorPool>(options_, *spawn_queue_);
  QueuedJob job = Job({});
  job.deadline = Deadline::After(std::chrono::milliseconds(30));
  EXPECT_EQ(RunJob(job).state, JobState::kExpired);
  QueuedJob cancelled = Job({});
  cancelled.cancel.Cancel(CancelReason::kShutdown);
  EXPECT_EQ(RunJob(cancelled).state, JobState::kCancelled);
}

TEST_F(PoolTest, EndsWhileItsZygoteIsStillGettingWarm) {
  UseBinary("slow-executor");
  pool_ = std::make_unique<ExecutorPool>(options_, *spawn_queue_);
}

TEST(ExecutorMainTest, RefusesToRunWithoutAService) {
  pid_t pid = 0;
  std::string name = HEADRACE_TEST_EXECUTOR;
  std::array<char*, 2> arguments{name.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ASSERT_EQ(posix_spawn(&pid, name.c_str(), &actions, nullptr, arguments.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 2);
}

// All processes that descend from the service, found by the groups that /proc tells.
std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  const std::string tasks = "/proc/" + std::to_string(parent) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    std::ifstream file(task.path() / "children");
    for (pid_t pid = 0; file >> pid;) children.push_back(pid);
  }
  return children;
}

TEST(ServiceDeathTest, LeavesNoZygoteAndNoExecutorBehind) {
  constexpr std::size_t kJobs = 2;
  std::string name = HEADRACE_TEST_SERVICE;
  std::string executor = HEADRACE_TEST_EXECUTOR;
  std::string jobs = std::to_string(kJobs);
  std::array<char*, 4> arguments{name.data(), executor.data(), jobs.data(), nullptr};
  pid_t service = 0;
  ASSERT_EQ(posix_spawn(&service, name.c_str(), nullptr, nullptr, arguments.data(), environ), 0);
  std::vector<pid_t> children;
  const Deadline deadline = Soon();
  // The zygote, the running executors and those forked ahead.
  while (children.size() < 1 + 2 * kJobs && !deadline.Passed()) children = ChildrenOf(service);
  ASSERT_EQ(children.size(), 1 + 2 * kJobs);
  std::vector<UniqueFd> pidfds;
  for (const pid_t pid : children) pidfds.push_back(OpenPidfd(pid));
  kill(service, SIGKILL);
  const SteadyTime killed = SteadyClock::now();
  for (const UniqueFd& pidfd : pidfds) EXPECT_TRUE(Ends(pidfd));
  EXPECT_LT(SteadyClock::now() - killed, std::chrono::seconds(1));
  waitpid(service, nullptr, 0);
}

}  // namespace
}  // namespace headrace
