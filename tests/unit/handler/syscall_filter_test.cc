// The broad filter, for commands. The minimal one is tested where it stands: evil_test.cc.
#include "handler/sandbox/syscall_filter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <functional>
#include <ostream>
#include <string>

#include "support/in_child.h"

namespace headrace {
namespace {

using testing_support::InChild;

constexpr int kNoFilter = 200;

// The errno of `call` in a process with the filter, 0 if it was granted. The process that is not to
// be touched is the test's.
int ErrorOf(const std::function<long()>& call, bool network = false) {
  SyscallPolicy policy;
  policy.profile = SyscallPolicy::Profile::kBroad;
  policy.network = network;
  policy.untouched = {getpid()};
  const auto filter = SyscallFilter::Make(policy);
  if (!filter) return kNoFilter;
  return InChild([&] {
    if (filter->Install()) return kNoFilter;
    errno = 0;
    return call() < 0 ? errno : 0;
  });
}

struct Call {
  const char* name;
  long (*make)();
  int error = EPERM;
};
std::ostream& operator<<(std::ostream& out, const Call& call) { return out << call.name; }

long LimitParent() {
  const rlimit none{0, 0};
  return prlimit(getppid(), RLIMIT_CORE, &none, nullptr);
}

long RescheduleParent() {
  const sched_param none{};
  return sched_setscheduler(getppid(), SCHED_BATCH, &none);
}

long IoctlWithPid(unsigned long request) {
  int pid = getppid();
  return ioctl(0, request, &pid);
}

class BroadFilter : public ::testing::TestWithParam<Call> {};

TEST_P(BroadFilter, RefusesWhatReachesBeyondTheProcess) {
  EXPECT_EQ(ErrorOf(GetParam().make, /*network=*/true), GetParam().error);
}

// Signals are 0 and pointers null: where the filter lets one through it does nothing.
INSTANTIATE_TEST_SUITE_P(
    Calls, BroadFilter,
    ::testing::Values(
        Call{"ptrace", [] { return ptrace(PTRACE_SEIZE, getppid(), nullptr, nullptr); }},
        Call{"mount", [] { return long{mount(nullptr, "", nullptr, 0, nullptr)}; }},
        Call{"bpf", [] { return syscall(SYS_bpf, 0, nullptr, 0); }},
        Call{"keyctl", [] { return syscall(SYS_keyctl, 0, 0, 0, 0, 0); }},
        Call{"io_uring", [] { return syscall(SYS_io_uring_setup, 1, nullptr); }},
        Call{"process_vm_readv",
             [] { return syscall(SYS_process_vm_readv, getppid(), nullptr, 0, nullptr, 0, 0); }},
        Call{"pidfd_getfd", [] { return syscall(SYS_pidfd_getfd, -1, 0, 0); }},
        Call{"pidfd_send_signal", [] { return syscall(SYS_pidfd_send_signal, -1, 0, nullptr, 0); }},
        Call{"open_by_handle_at", [] { return syscall(SYS_open_by_handle_at, -1, nullptr, 0); }},
        Call{"unshare", [] { return long{unshare(CLONE_NEWUSER)}; }},
        Call{"setns", [] { return long{setns(-1, 0)}; }},
        Call{"clone", [] { return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0); }},
        Call{"clone3", [] { return syscall(SYS_clone3, nullptr, 0); }, ENOSYS}));

INSTANTIATE_TEST_SUITE_P(
    Others, BroadFilter,
    ::testing::Values(
        Call{"kill", [] { return long{kill(getppid(), 0)}; }},
        Call{"kill_group", [] { return long{kill(-getppid(), 0)}; }},
        Call{"kill_everybody", [] { return long{kill(-1, 0)}; }},
        Call{"tgkill", [] { return syscall(SYS_tgkill, getppid(), getppid(), 0); }},
        Call{"tkill", [] { return syscall(SYS_tkill, getppid(), 0); }},
        Call{"sigqueue", [] { return syscall(SYS_rt_sigqueueinfo, getppid(), 0, nullptr); }},
        Call{"fcntl_owner", [] { return long{fcntl(0, F_SETOWN, getppid())}; }},
        Call{"fcntl_owner_ex", [] { return long{fcntl(0, F_SETOWN_EX, nullptr)}; }},
        Call{"ioctl_owner", [] { return IoctlWithPid(FIOSETOWN); }},
        Call{"ioctl_group", [] { return IoctlWithPid(SIOCSPGRP); }},
        Call{"ioctl_terminal", [] { return IoctlWithPid(TIOCSTI); }}, Call{"prlimit", LimitParent},
        Call{"sched_setscheduler", RescheduleParent},
        Call{"setpriority",
             [] { return long{setpriority(PRIO_PROCESS, static_cast<id_t>(getppid()), 0)}; }},
        Call{"setpriority_user", [] { return long{setpriority(PRIO_USER, 0, 0)}; }}));

INSTANTIATE_TEST_SUITE_P(
    Lasting, BroadFilter,
    ::testing::Values(Call{"shmget", [] { return syscall(SYS_shmget, 0, 1, 0600); }},
                      Call{"semget", [] { return syscall(SYS_semget, 0, 1, 0600); }},
                      Call{"msgget", [] { return syscall(SYS_msgget, 0, 0600); }},
                      Call{"mq_open", [] { return syscall(SYS_mq_open, "x", 0, 0600, nullptr); }},
                      Call{"prctl_dumpable",
                           [] { return long{prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)}; }}));

TEST(BroadFilterTest, SparesAsManyThreadsAsALargeServiceHas) {
  SyscallPolicy policy;
  policy.profile = SyscallPolicy::Profile::kBroad;
  constexpr pid_t kFirst = 3'000'000;
  constexpr pid_t kLast = kFirst + 1'500;
  for (pid_t pid = kFirst; pid <= kLast; ++pid) policy.untouched.push_back(pid);
  const auto filter = SyscallFilter::Make(policy);
  ASSERT_TRUE(filter.ok()) << filter.error().detail;
  const int refused = InChild([&] {
    if (filter->Install()) return kNoFilter;
    int count = 0;
    for (const pid_t pid : {kFirst, kFirst + 777, kLast, -kFirst, -kLast, pid_t{-1}}) {
      count += kill(pid, 0) != 0 && errno == EPERM ? 1 : 0;
    }
    for (const pid_t pid : {kFirst - 1, kLast + 1}) {
      count += kill(pid, 0) != 0 && errno == ESRCH ? 10 : 0;
    }
    return count;
  });
  EXPECT_EQ(refused, 26);
}

TEST(BroadFilterTest, GrantsWhatACommandNeeds) {
  EXPECT_EQ(ErrorOf([] { return kill(getpid(), 0); }), 0);
  EXPECT_EQ(ErrorOf([] { return kill(0, 0); }), 0);
  EXPECT_EQ(ErrorOf([] { return open("/dev/null", O_RDONLY); }), 0);
  EXPECT_EQ(ErrorOf([] { return setpriority(PRIO_PROCESS, 0, 5); }), 0);
  EXPECT_EQ(ErrorOf([]() -> long {
              rlimit limit{};
              getrlimit(RLIMIT_CORE, &limit);
              return setrlimit(RLIMIT_CORE, &limit);
            }),
            0);
  EXPECT_EQ(ErrorOf([]() -> long {
              const pid_t child = fork();
              if (child == 0) execl("/bin/true", "true", nullptr);
              int status = -1;
              waitpid(child, &status, 0);
              return status == 0 ? 0 : -1;
            }),
            0);
}

TEST(BroadFilterTest, GrantsSocketsOnlyWithTheNetwork) {
  const auto inet = [] { return socket(AF_INET, SOCK_STREAM, 0); };
  const auto local = [] { return socket(AF_UNIX, SOCK_STREAM, 0); };
  EXPECT_EQ(ErrorOf(inet, /*network=*/true), 0);
  EXPECT_EQ(ErrorOf(inet), EACCES);
  EXPECT_EQ(ErrorOf(local), EACCES);
}

TEST(BroadFilterTest, SaysWhyItCannotBeInstalled) {
  const auto filter = SyscallFilter::Make({});
  ASSERT_TRUE(filter.ok()) << filter.error().detail;
  // The minimal filter forbids to install another one.
  const int status = InChild([&] {
    if (filter->Install()) return kNoFilter;
    const auto again = filter->Install();
    return again && *again == "seccomp: Permission denied" ? 0 : 1;
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace headrace
