#include "handler/sandbox/syscall_filter.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>

#include "base/fd.h"
#include "handler/sandbox/untouched_filter.h"

namespace headrace {
namespace {

// What a program needs that has all its data and works on memory.
constexpr std::array kMinimalCalls{
    "read",         "write",           "readv",          "writev",
    "pread64",      "pwrite64",        "lseek",          "close",
    "fstat",        "munmap",          "mremap",         "madvise",
    "brk",          "futex",           "sched_yield",    "clock_gettime",
    "clock_getres", "clock_nanosleep", "nanosleep",      "gettimeofday",
    "time",         "times",           "getrusage",      "getpid",
    "gettid",       "getppid",         "getuid",         "geteuid",
    "getgid",       "getegid",         "getrandom",      "exit",
    "exit_group",   "rt_sigaction",    "rt_sigprocmask", "rt_sigreturn",
    "sigaltstack",  "restart_syscall", "pause",          "poll",
    "ppoll",        "sendmsg",         "sendto",         "recvmsg",
    "recvfrom",     "uname",           "sysinfo",        "sched_getaffinity",
    "getcpu",
};

// What libraries try and can do without.
constexpr std::array kRefusedQuietly{
    "open",       "openat", "openat2",   "creat",      "stat",      "lstat",      "newfstatat",
    "statx",      "access", "faccessat", "faccessat2", "readlink",  "readlinkat", "getcwd",
    "getdents64", "ioctl",  "prctl",     "prlimit64",  "getrlimit",
};

// fcntl(2) could also name a process that gets signals on the descriptor's behalf.
constexpr std::array<std::uint64_t, 3> kHarmlessFcntl{F_GETFD, F_SETFD, F_GETFL};

// What no command has a business with. The queues, semaphores and memory of System V and POSIX
// outlive their makers and are shared by all of a user's processes. tkill(2) names a thread without
// its process, so that no rule could spare the service's; tgkill(2) took its place long ago.
constexpr std::array kNeverForCommands{
    "acct",
    "add_key",
    "adjtimex",
    "bpf",
    "chroot",
    "clock_adjtime",
    "clock_settime",
    "delete_module",
    "fanotify_init",
    "finit_module",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "init_module",
    "io_uring_enter",
    "io_uring_register",
    "io_uring_setup",
    "ioperm",
    "iopl",
    "kcmp",
    "kexec_file_load",
    "kexec_load",
    "keyctl",
    "lookup_dcookie",
    "memfd_secret",
    "mount",
    "mount_setattr",
    "move_mount",
    "mq_open",
    "mq_unlink",
    "msgctl",
    "msgget",
    "msgrcv",
    "msgsnd",
    "name_to_handle_at",
    "nfsservctl",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "pidfd_getfd",
    "pidfd_send_signal",
    "pivot_root",
    "process_madvise",
    "process_mrelease",
    "process_vm_readv",
    "process_vm_writev",
    "ptrace",
    "quotactl",
    "quotactl_fd",
    "reboot",
    "request_key",
    "semctl",
    "semget",
    "semop",
    "semtimedop",
    "setdomainname",
    "sethostname",
    "setns",
    "settimeofday",
    "shmat",
    "shmctl",
    "shmdt",
    "shmget",
    "swapoff",
    "swapon",
    "syslog",
    "tkill",
    "umount2",
    "unshare",
    "userfaultfd",
    "vhangup",
};

constexpr std::uint64_t kIoprioUser = 3;  // IOPRIO_WHO_USER

// fcntl(2) and ioctl(2) that have signals sent to another process when a descriptor is ready.
constexpr std::array<std::uint64_t, 2> kOwnerFcntl{F_SETOWN, F_SETOWN_EX};
// Those, and what types on the terminal of others.
constexpr std::array<std::uint64_t, 4> kBadIoctl{FIOSETOWN, SIOCSPGRP, TIOCSTI, TIOCLINUX};

constexpr std::array<std::uint64_t, 7> kNamespaceFlags{CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWUTS,
                                                       CLONE_NEWIPC, CLONE_NEWUSER,   CLONE_NEWPID,
                                                       CLONE_NEWNET};

// An int in a register: the upper half may hold anything.
constexpr std::uint64_t kIntMask = 0xFFFF'FFFF;

// Stands for the process that installs the filter until SetSelf: the kernel's own limit (2^22)
// keeps any process from having this number.
constexpr std::uint32_t kSelf = 0x7FFF'FFFF;

scmp_arg_cmp Masked(unsigned argument, std::uint64_t mask, std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

scmp_arg_cmp Equals(unsigned argument, std::uint64_t value) {
  return Masked(argument, kIntMask, value & kIntMask);
}

Error Failed(int error) {
  return {ErrorCode::kInternal, "sandbox", "",
          std::string("the syscall filter cannot be made: ") + std::strerror(error)};
}

// The rules of one filter, told to libseccomp. Remembers the first refusal.
class Rules {
 public:
  explicit Rules(std::uint32_t otherwise) : context_(seccomp_init(otherwise), &seccomp_release) {
    if (!context_) {
      error_ = ENOMEM;
      return;
    }
    Set(SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree, not a list
    Set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  }

  // A call that this architecture or this libseccomp does not have needs no rule.
  template <class... Comparison>
  void Add(std::uint32_t action, const char* call, Comparison... comparison) {
    const int number = seccomp_syscall_resolve_name(call);
    if (error_ != 0 || number == __NR_SCMP_ERROR) return;
    const std::array<scmp_arg_cmp, sizeof...(comparison)> arguments{comparison...};
    Note(seccomp_rule_add_array(context_.get(), action, number,
                                static_cast<unsigned>(arguments.size()), arguments.data()));
  }

  template <std::size_t count>
  void AddAll(std::uint32_t action, const std::array<const char*, count>& calls) {
    for (const char* const call : calls) Add(action, call);
  }

  template <std::size_t count>
  void AddEach(std::uint32_t action, const char* call, unsigned argument,
               const std::array<std::uint64_t, count>& values) {
    for (const std::uint64_t value : values) Add(action, call, Equals(argument, value));
  }

  Expected<std::vector<sock_filter>> Compile() {
    if (error_ != 0) return Failed(error_);
    const UniqueFd file(memfd_create("filter", MFD_CLOEXEC));
    if (!file) return Failed(errno);
    if (const int result = seccomp_export_bpf(context_.get(), file.get()); result < 0) {
      return Failed(-result);
    }
    const off_t size = lseek(file.get(), 0, SEEK_END);
    if (size <= 0) return Failed(EIO);
    std::vector<sock_filter> program(static_cast<std::size_t>(size) / sizeof(sock_filter));
    if (pread(file.get(), program.data(), static_cast<std::size_t>(size), 0) != size) {
      return Failed(EIO);
    }
    return program;
  }

 private:
  void Set(scmp_filter_attr attribute, std::uint32_t value) {
    Note(seccomp_attr_set(context_.get(), attribute, value));
  }

  // EDOM: a call that has no number on this architecture.
  void Note(int result) {
    if (result < 0 && result != -EDOM && error_ == 0) error_ = -result;
  }

  std::unique_ptr<void, decltype(&seccomp_release)> context_;
  int error_ = 0;
};

Rules MinimalRules() {
  Rules rules(SCMP_ACT_KILL_PROCESS);
  rules.AddAll(SCMP_ACT_ALLOW, kMinimalCalls);
  rules.AddAll(SCMP_ACT_ERRNO(EACCES), kRefusedQuietly);
  rules.AddEach(SCMP_ACT_ALLOW, "fcntl", 1, kHarmlessFcntl);
  rules.Add(SCMP_ACT_ALLOW, "tgkill", Equals(0, kSelf));
  constexpr unsigned kProtection = 2;
  for (const char* const call : {"mmap", "mprotect"}) {
    rules.Add(SCMP_ACT_ALLOW, call, Masked(kProtection, PROT_EXEC, 0));
    rules.Add(SCMP_ACT_ERRNO(EACCES), call, Masked(kProtection, PROT_EXEC, PROT_EXEC));
  }
  return rules;
}

// Priorities and limits of whole users and of others. What names single processes is refused by
// UntouchedFilter.
void AddOthers(Rules& rules) {
  constexpr std::uint32_t kRefuse = SCMP_ACT_ERRNO(EPERM);
  rules.Add(kRefuse, "setpriority", Equals(0, PRIO_USER));
  rules.Add(kRefuse, "ioprio_set", Equals(0, kIoprioUser));
  // 0 is the caller; a limit of another process of this user could end that process.
  rules.Add(kRefuse, "prlimit64", scmp_arg_cmp{0, SCMP_CMP_NE, 0, 0});
  // An undumpable process hides its descriptors from those who supervise it.
  rules.Add(kRefuse, "prctl", Equals(0, PR_SET_DUMPABLE));
}

Rules BroadRules(const SyscallPolicy& policy) {
  constexpr std::uint32_t kRefuse = SCMP_ACT_ERRNO(EPERM);
  Rules rules(SCMP_ACT_ALLOW);
  rules.AddAll(kRefuse, kNeverForCommands);
  // Its flags lie in memory, where no filter sees them; programs fall back to clone.
  rules.Add(SCMP_ACT_ERRNO(ENOSYS), "clone3");
  for (const std::uint64_t flag : kNamespaceFlags) {
    rules.Add(kRefuse, "clone", Masked(0, flag, flag));
  }
  rules.AddEach(kRefuse, "fcntl", 1, kOwnerFcntl);
  rules.AddEach(kRefuse, "ioctl", 1, kBadIoctl);
  if (!policy.network) rules.Add(SCMP_ACT_ERRNO(EACCES), "socket");
  AddOthers(rules);
  return rules;
}

}  // namespace

Expected<SyscallFilter> SyscallFilter::Make(const SyscallPolicy& policy) {
  Rules rules =
      policy.profile == SyscallPolicy::Profile::kMinimal ? MinimalRules() : BroadRules(policy);
  auto program = rules.Compile();
  if (!program) return std::move(program).error();
  if (policy.profile == SyscallPolicy::Profile::kBroad) {
    const auto before = UntouchedFilter(policy.untouched);
    program->insert(program->begin(), before.begin(), before.end());
  }
  if (program->size() > BPF_MAXINSNS) return Failed(E2BIG);
  return SyscallFilter(*std::move(program));
}

void SyscallFilter::Spare(const std::vector<pid_t>& untouched) {
  const auto before = UntouchedFilter(untouched);
  program_.insert(program_.begin(), before.begin(), before.end());
}

void SyscallFilter::SetSelf(pid_t self) {
  for (sock_filter& instruction : program_) {
    const bool compares = instruction.code == (BPF_JMP | BPF_JEQ | BPF_K);
    if (compares && instruction.k == kSelf) instruction.k = static_cast<std::uint32_t>(self);
  }
}

std::optional<std::string> SyscallFilter::Install() const {
  sock_fprog program{};
  program.len = static_cast<unsigned short>(program_.size());
  // The kernel copies it; its struct cannot say so.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
  program.filter = const_cast<sock_filter*>(program_.data());
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0) return std::nullopt;
  return std::string("seccomp: ") + std::strerror(errno);
}

}  // namespace headrace
