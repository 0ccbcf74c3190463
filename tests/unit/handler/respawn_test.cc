// How a zygote comes back, and what is told of it meanwhile.
#include <signal.h>
#include <sys/mman.h>

#include <string>

#include "log_capture.h"
#include "pool_fixture.h"

namespace headrace {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class RespawnTest : public PoolTest {
 protected:
  ExecutorTrouble Trouble() { return Pool().State().trouble; }
};

TEST_F(RespawnTest, WaitsTwiceAsLongAfterEachStartThatFails) {
  const LogCapture log;
  UseBinary("dying-executor");
  const SteadyTime begin = SteadyClock::now();
  Pool();
  Spawn([&] { return log.Has("the next start is in 0.800 s"); });
  EXPECT_GE(SteadyClock::now() - begin, std::chrono::milliseconds(100 + 200 + 400));
  for (const char* const delay : {"in 0.100 s", "in 0.200 s", "in 0.400 s"}) {
    EXPECT_TRUE(log.Has(delay)) << delay;
  }
}

TEST_F(RespawnTest, IsHealthyAgainAsSoonAsAStartSucceeds) {
  UseBinary("executor", "");
  EXPECT_FALSE(Pool().Healthy());
  EXPECT_EQ(Trouble(), ExecutorTrouble::kNoStart);
  SetBinary(HEADRACE_TEST_EXECUTOR);
  Spawn([&] { return Pool().Ready(); });
  EXPECT_TRUE(Pool().Healthy());
  ExpectNextJobWorks();
  EXPECT_EQ(Trouble(), ExecutorTrouble::kNoStart) << "what went wrong last stays known";
  EXPECT_THAT(Pool().LastError(), HasSubstr("No such file"));
}

TEST_F(RespawnTest, TellsItsStateWhileAllIsWell) {
  ExpectNextJobWorks();
  const ExecutorState state = Pool().State();
  EXPECT_TRUE(state.ready);
  EXPECT_TRUE(state.healthy);
  EXPECT_EQ(state.trouble, ExecutorTrouble::kNone);
  EXPECT_GE(state.figures.started, 1U);
}

TEST_F(RespawnTest, TellsAKilledZygoteFromOneThatNeverGotWarm) {
  ExpectNextJobWorks();
  const pid_t zygote = Pool().ZygotePid();
  kill(zygote, SIGKILL);
  Spawn([&] { return Pool().ZygotePid() != zygote; });
  EXPECT_EQ(Trouble(), ExecutorTrouble::kZygote);
}

struct Start {
  const char* binary;
  ExecutorTrouble trouble;
  std::chrono::milliseconds warm_timeout = std::chrono::seconds(30);  // more than it needs
};
std::ostream& operator<<(std::ostream& out, const Start& start) { return out << start.binary; }

class BadStarts : public RespawnTest, public ::testing::WithParamInterface<Start> {};

TEST_P(BadStarts, AreToldInAWord) {
  UseBinary(GetParam().binary);
  options_.warm_timeout = GetParam().warm_timeout;
  EXPECT_EQ(Trouble(), GetParam().trouble);
  EXPECT_FALSE(Pool().State().healthy);
}

INSTANTIATE_TEST_SUITE_P(Binaries, BadStarts,
                         ::testing::Values(Start{"broken-executor", ExecutorTrouble::kHandler},
                                           Start{"dying-executor", ExecutorTrouble::kHandler},
                                           Start{"slow-executor", ExecutorTrouble::kTooSlow,
                                                 std::chrono::milliseconds(200)}));

TEST_F(RespawnTest, TellsHowAZygoteEndedByItself) {
  UseBinary("dying-executor");
  EXPECT_THAT(Pool().LastError(), HasSubstr("; it exited with status 5"));
}

// Its reason is told; that it is killed then would look like the kernel's doing.
TEST_F(RespawnTest, KeepsQuietOfTheKillOfAZygoteThatCannotBeWarmed) {
  UseBinary("broken-executor");
  EXPECT_THAT(Pool().LastError(), EndsWith("the model file is missing"));
}

TEST_F(RespawnTest, TellsThatExecutorsAreUnfit) {
  UseBinary("unfit-executor");
  Run({{"do", "echo"}});
  EXPECT_EQ(Trouble(), ExecutorTrouble::kUnfit);
}

// Who is taken for unhealthy may get no job by which it could show that it is well.
TEST_F(RespawnTest, IsHealthyAgainWithoutAJobOnceExecutorsAreFit) {
  UseBinary("unfit-executor");
  Run({{"do", "echo"}});
  EXPECT_FALSE(Pool().Healthy());
  SetBinary(HEADRACE_TEST_EVIL_EXECUTOR);
  kill(Pool().ZygotePid(), SIGKILL);
  const Deadline deadline = Soon();
  Spawn([&] { return Pool().Healthy() || deadline.Passed(); });
  EXPECT_TRUE(Pool().Healthy());
  ExpectNextJobWorks();
}

TEST_F(RespawnTest, TellsHowProcessesEndWhereSigchldWasIgnored) {
  signal(SIGCHLD, SIG_IGN);
  spawn_queue_ = std::make_unique<SpawnQueue>();
  ExpectFailure(Run({{"do", "exit"}}), ErrorCode::kHandlerCrashed, "executor-crashed",
                "exited with status 3");
}

class QuietClient final : public SpawnQueue::Client {
 public:
  void OnEvent() override {}
  [[nodiscard]] bool Settled() const override { return true; }
};

TEST(SpawnQueueTest, SaysWhatItCannotWatch) {
  SpawnQueue queue;
  QuietClient client;
  const UniqueFd file(memfd_create("never-ready", MFD_CLOEXEC));
  EXPECT_FALSE(queue.Watch(file.get(), client));
  EXPECT_EQ(errno, EPERM);
}

}  // namespace
}  // namespace headrace
