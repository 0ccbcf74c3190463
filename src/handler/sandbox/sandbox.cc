#include "handler/sandbox/sandbox.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "handler/sandbox/landlock.h"
#include "handler/sandbox/service_processes.h"

namespace headrace {
namespace {

constexpr rlim_t kKeeperOpenFiles = 1024;
constexpr rlim_t kStackBytes = rlim_t{8} << 20U;

std::string Reason(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

// Sets the soft and the hard limit; a hard limit can only be lowered without privileges.
bool Limit(__rlimit_resource resource, rlim_t soft, rlim_t hard) {
  rlimit current{};
  if (getrlimit(resource, &current) != 0) return false;
  const rlimit wanted{std::min(soft, current.rlim_max), std::min(hard, current.rlim_max)};
  return setrlimit(resource, &wanted) == 0;
}

bool LimitBytes(__rlimit_resource resource, rlim_t bytes) { return Limit(resource, bytes, bytes); }

// Never needs a privilege: it only goes down.
bool Lower(ExecutorPriority priority) {
  constexpr int kLowNice = 5;
  const sched_param none{};
  switch (priority) {
    case ExecutorPriority::kNormal:
      return true;
    case ExecutorPriority::kLow:
      return sched_setscheduler(0, SCHED_BATCH, &none) == 0 &&
             setpriority(PRIO_PROCESS, 0, std::max(kLowNice, getpriority(PRIO_PROCESS, 0))) == 0;
    case ExecutorPriority::kIdle:
      return sched_setscheduler(0, SCHED_IDLE, &none) == 0;
  }
  return false;
}

}  // namespace

std::optional<std::string> DieWithService(pid_t service, int signal) {
  if (prctl(PR_SET_PDEATHSIG, signal) != 0) return Reason("PR_SET_PDEATHSIG");
  // The service may have ended before the kernel was told to watch it.
  if (getppid() != service) return "the service has ended";
  return std::nullopt;
}

void PreferAsVictim() {
  const int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  // A failure leaves the service's own score, which is what a system without /proc has as well.
  [[maybe_unused]] const ssize_t written = write(file, "1000", 4);
  close(file);
}

std::optional<std::string> HideMemory() {
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return Reason("PR_SET_DUMPABLE");
  return std::nullopt;
}

std::optional<std::string> LimitResources(const ExecutorLimits& limits, std::uint64_t open_files) {
  if (!Lower(limits.priority)) return Reason("scheduling");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Reason("PR_SET_NO_NEW_PRIVS");
#ifndef HEADRACE_SANITIZED
  if (limits.memory != 0 && !LimitBytes(RLIMIT_AS, limits.memory)) return Reason("RLIMIT_AS");
#endif
  // SIGXCPU at the soft limit names the reason; whoever ignores it is killed a second later, or at
  // the sum over all its jobs: the service moves the soft limit up before each next one.
  const rlim_t most_cpu = (limits.cpu_seconds + 1) * limits.jobs;
  if (limits.cpu_seconds != 0 && !Limit(RLIMIT_CPU, limits.cpu_seconds, most_cpu)) {
    return Reason("RLIMIT_CPU");
  }
  if (limits.file_size != 0 && !LimitBytes(RLIMIT_FSIZE, limits.file_size)) {
    return Reason("RLIMIT_FSIZE");
  }
  if (!LimitBytes(RLIMIT_NOFILE, open_files)) return Reason("RLIMIT_NOFILE");
  if (!LimitBytes(RLIMIT_CORE, 0)) return Reason("RLIMIT_CORE");
  if (!LimitBytes(RLIMIT_STACK, kStackBytes)) return Reason("RLIMIT_STACK");
  return std::nullopt;
}

std::optional<std::string> LimitKeeper() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Reason("PR_SET_NO_NEW_PRIVS");
  // What its program leaves behind becomes its child, so that it can end and reap that too.
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return Reason("PR_SET_CHILD_SUBREAPER");
  if (!LimitBytes(RLIMIT_NOFILE, kKeeperOpenFiles)) return Reason("RLIMIT_NOFILE");
  if (!LimitBytes(RLIMIT_CORE, 0)) return Reason("RLIMIT_CORE");
  return std::nullopt;
}

Confinement::Confinement(ExecutorProfile profile) : profile_(profile), zygote_(getpid()) {
  if (profile == ExecutorProfile::kTrusted || profile == ExecutorProfile::kKeeper) return;
#ifdef HEADRACE_SANITIZED
  if (profile == ExecutorProfile::kMinimal) {
    failure_ = "seccomp: sanitizer builds leave the filter out";
    return;
  }
#endif
  SyscallPolicy policy;
  if (profile == ExecutorProfile::kBroad) policy.profile = SyscallPolicy::Profile::kBroad;
  auto made = SyscallFilter::Make(policy);
  if (made) {
    filter_ = *std::move(made);
  } else {
    failure_ = made.error().detail;
  }
}

std::optional<std::string> Confinement::Enter(pid_t service) {
  auto missing = EnterLandlock();
  auto missing_too = EnterFilter(service);
  return missing ? std::move(missing) : std::move(missing_too);
}

std::optional<std::string> Confinement::EnterLandlock() const {
  if (profile_ == ExecutorProfile::kMinimal) return RestrictByLandlock({});
  if (profile_ == ExecutorProfile::kBroad) return RestrictSignalsByLandlock();
  return std::nullopt;
}

std::optional<std::string> Confinement::EnterFilter(pid_t service) {
  if (!failure_.empty()) return failure_;
  if (!filter_) return std::nullopt;
  filter_->SetSelf(getpid());
  // With Landlock these are out of reach in any case, and so are those that come later.
  if (profile_ == ExecutorProfile::kBroad) filter_->Spare(ServiceProcesses(service, zygote_));
  return filter_->Install();
}

std::optional<std::string> KeepOnlySocket(int socket) {
#ifndef HEADRACE_SANITIZED
  if (dup2(STDOUT_FILENO, STDERR_FILENO) < 0) return Reason("stderr");
#endif
  if (dup2(socket, kExecutorSocket) < 0) return Reason("socket");
  closefrom(kExecutorSocket + 1);
  return std::nullopt;
}

}  // namespace headrace
