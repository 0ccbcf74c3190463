// What a taken-over executor gets when it asks the kernel for more than it needs.
#include <gmock/gmock.h>

#include <fstream>
#include <string>

#include "pool_fixture.h"

namespace headrace {
namespace {

using ::testing::HasSubstr;

class EvilTest : public PoolTest {
 protected:
  EvilTest() : PoolTest(HEADRACE_TEST_EVIL_EXECUTOR) {}

  std::string Answer(const std::string& wish) {
    const Outcome& outcome = Run({{"do", wish}});
    return outcome.parts.empty() ? outcome.error.value_or(Error{}).detail
                                 : TextOf(outcome.parts.front());
  }
};

class ParamTest : public EvilTest, public ::testing::WithParamInterface<const char*> {};

#ifndef HEADRACE_SANITIZED  // whose builds have no filter

class WishesThatAreRefused : public ParamTest {};

TEST_P(WishesThatAreRefused, AreAnsweredWithEaccesAndTheJobGoesOn) {
  EXPECT_EQ(Answer(GetParam()), "EACCES");
  EXPECT_EQ(outcome_.state, JobState::kSucceeded);
  ExpectNextJobWorks();
}

INSTANTIATE_TEST_SUITE_P(Calls, WishesThatAreRefused,
                         ::testing::Values("open", "create", "stat", "access", "readlink",
                                           "parent-environ", "parent-mem", "limit-parent",
                                           "executable-memory", "protect-executable"));

class WishesThatKill : public ParamTest {};

TEST_P(WishesThatKill, EndTheExecutorAsADeathByItsSandboxAndTheNextJobRuns) {
  ExpectFailure(Run({{"do", GetParam()}}), ErrorCode::kHandlerCrashed, "executor-crashed",
                "sandbox");
  EXPECT_THAT(outcome_.error.value_or(Error{}).detail, HasSubstr("SIGSYS"));
  EXPECT_THAT(outcome_.error.value_or(Error{}).hint, HasSubstr("may not"));
  EXPECT_EQ(Deaths(ExecutorDeath::kSandbox), 1U);
  ExpectNextJobWorks();
}

INSTANTIATE_TEST_SUITE_P(Calls, WishesThatKill,
                         ::testing::Values("socket", "socketpair", "fork", "clone3", "execute",
                                           "ptrace-parent", "kill-parent", "kill-everybody",
                                           "signal-parent", "signals-by-descriptor", "memfd",
                                           "unlink", "io-uring", "write-parent-memory"));

TEST_F(EvilTest, MaySignalItselfSoThatAnAbortShowsAsOne) {
  EXPECT_EQ(Answer("signal-self"), "granted");
}

TEST_F(EvilTest, IsConfinedBeforeItSaysThatItTakesAJob) {
  const pid_t zygote = Pool().ZygotePid();
  ExpectNextJobWorks();
  Spawn([&] { return ChildrenInGroup(zygote).size() == 2; });
  const auto status_has = [](pid_t pid, const std::string& line) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    return text.find(line) != std::string::npos;
  };
  for (const pid_t pid : ChildrenInGroup(zygote)) {
    if (pid == zygote) continue;
    Spawn([&] { return status_has(pid, "Seccomp:\t2\n"); });
    EXPECT_TRUE(status_has(pid, "NoNewPrivs:\t1\n"));
  }
  EXPECT_FALSE(status_has(zygote, "Seccomp:\t2\n")) << "it has to fork";
}

#endif

#ifndef HEADRACE_SANITIZED
// The executor of a handler that is linked in; on a system without one of the layers, too.
class LinkedHandlersOn : public ParamTest {
 protected:
  void SetUp() override {
    ParamTest::SetUp();
    UseBinary(GetParam(), HEADRACE_TEST_EVIL_EXECUTOR);
  }
};

TEST_P(LinkedHandlersOn, ReachNoOtherProcessButTheirOwn) {
  for (const char* const wish : {"kill-parent", "signal-parent", "kill-group-of-parent",
                                 "kill-everybody", "limit-parent", "ptrace-parent"}) {
    if (std::string(GetParam()).ends_with("seccomp") && std::string(wish) != "kill-parent")
      continue;
    EXPECT_EQ(Answer(wish), "EPERM") << wish;
  }
  EXPECT_EQ(Answer("kill-child"), "granted");
}

INSTANTIATE_TEST_SUITE_P(Layers, LinkedHandlersOn,
                         ::testing::Values("broad", "broad-without-landlock",
                                           "broad-without-seccomp"));
#endif

// A system without one of the layers.
class MissingLayers : public ParamTest {};

TEST_P(MissingLayers, KeepAnExecutorFromJobsWhereTheSandboxIsRequired) {
  UseBinary(std::string("evil-without-") + GetParam(), HEADRACE_TEST_EVIL_EXECUTOR);
  options_.sandbox_required = true;
  ExpectFailure(Run({{"do", "echo"}}), ErrorCode::kUnavailable, "executors-unavailable",
                GetParam());
  EXPECT_FALSE(Pool().Healthy());
  EXPECT_EQ(Pool().State().trouble, ExecutorTrouble::kUnfit);
}

TEST_P(MissingLayers, AreDoneWithoutWhereTheSandboxIsBestEffort) {
  UseBinary(std::string("evil-without-") + GetParam(), HEADRACE_TEST_EVIL_EXECUTOR);
  EXPECT_EQ(Answer("nothing"), "granted");
  EXPECT_TRUE(Pool().Healthy());
}

INSTANTIATE_TEST_SUITE_P(Layers, MissingLayers, ::testing::Values("landlock", "seccomp"));

#ifndef HEADRACE_SANITIZED
TEST_F(EvilTest, IsStillHeldByTheOtherLayerWhereOneIsMissing) {
  UseBinary("evil-without-seccomp", HEADRACE_TEST_EVIL_EXECUTOR);
  EXPECT_EQ(Answer("open"), "EACCES");
}

TEST_F(EvilTest, TakesJobsWhereTheWholeSandboxIsRequiredAndThere) {
  options_.sandbox_required = true;
  EXPECT_EQ(Answer("nothing"), "granted");
}
#endif

}  // namespace
}  // namespace headrace
