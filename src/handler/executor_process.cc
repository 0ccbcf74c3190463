#include "handler/executor_process.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string_view>
#include <utility>

namespace headrace {
namespace {

constexpr int kWaitPidfd = 3;  // P_PIDFD, which older headers lack

Seconds ToSeconds(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

// The raw call: glibc's waitid leaves out the resource usage.
ProcessEnd WaitForEnd(int pidfd) {
  siginfo_t info{};
  rusage usage{};
  long result = -1;
  do {
    result = syscall(SYS_waitid, kWaitPidfd, pidfd, &info, WEXITED, &usage);
  } while (result < 0 && errno == EINTR);
  ProcessEnd end;
  if (result < 0) return end;
  end.known = true;
  if (info.si_code == CLD_EXITED) {
    end.exit_status = info.si_status;
  } else {
    end.signal = info.si_status;
  }
  end.cpu = ToSeconds(usage.ru_utime) + ToSeconds(usage.ru_stime);
  end.peak_memory = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  return end;
}

// The CPU time of a process that is not reaped, all its threads together.
std::optional<Seconds> CpuOf(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
    return std::nullopt;
  }
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// Its largest resident memory so far, bytes; 0 where /proc does not tell.
std::uint64_t PeakMemoryOf(pid_t pid) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    constexpr std::string_view kPeak = "VmHWM:";
    if (line.starts_with(kPeak)) return std::strtoull(&line.at(kPeak.size()), nullptr, 10) * 1024;
  }
  return 0;
}

}  // namespace

std::string Describe(const ProcessEnd& end) {
  if (!end.known) return "ended unseen";
  if (end.signal == 0) return fmt::format("exited with status {}", end.exit_status);
  const char* const name = sigabbrev_np(end.signal);
  return fmt::format("was killed by signal {} (SIG{})", end.signal, name != nullptr ? name : "?");
}

ExecutorProcess::ExecutorProcess(pid_t pid, UniqueFd pidfd, UniqueFd socket)
    : pid_(pid), pidfd_(std::move(pidfd)), socket_(std::move(socket)) {}

ExecutorProcess::ExecutorProcess(ExecutorProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      pidfd_(std::move(other.pidfd_)),
      socket_(std::move(other.socket_)),
      jobs_(other.jobs_),
      settled_cpu_(other.settled_cpu_),
      end_(other.end_) {}

ExecutorProcess::~ExecutorProcess() { KillAndReap(); }

std::optional<ProcessEnd> ExecutorProcess::Settle() {
  const auto cpu = CpuOf(pid_);
  if (!cpu) return std::nullopt;
  ProcessEnd used;
  used.cpu = *cpu - settled_cpu_;
  used.peak_memory = PeakMemoryOf(pid_);
  settled_cpu_ = *cpu;
  ++jobs_;
  return used;
}

bool ExecutorProcess::AllowCpu(std::chrono::seconds cpu) {
  rlimit limit{};
  if (prlimit(pid_, RLIMIT_CPU, nullptr, &limit) != 0) return false;
  const auto until = std::chrono::ceil<std::chrono::seconds>(settled_cpu_) + cpu;
  limit.rlim_cur = std::min(static_cast<rlim_t>(until.count()), limit.rlim_max);
  return prlimit(pid_, RLIMIT_CPU, &limit, nullptr) == 0;
}

const ProcessEnd& ExecutorProcess::KillAndReap() {
  if (pid_ == 0) return end_;
  // Until it is reaped even a dead leader keeps the number of its group, so this hits nobody else.
  kill(-pid_, SIGKILL);
  syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
  end_ = WaitForEnd(pidfd_.get());
  end_.cpu = std::max(end_.cpu - settled_cpu_, Seconds{0});
  pid_ = 0;
  return end_;
}

}  // namespace headrace
