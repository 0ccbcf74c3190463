#include "handler/pool/executor_process.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
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

// What a keeper gets beyond its grace: to kill what is left, and to remove its files.
constexpr std::chrono::seconds kTimeToCleanUp{5};

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
      grace_(other.grace_),
      must_end_by_(other.must_end_by_),
      settled_cpu_(other.settled_cpu_),
      settled_told_cpu_(other.settled_told_cpu_),
      told_cpu_(other.told_cpu_),
      told_peak_(other.told_peak_),
      end_(other.end_) {}

ExecutorProcess::~ExecutorProcess() { KillAndReap(); }

std::optional<ProcessEnd> ExecutorProcess::Settle() {
  const auto cpu = CpuOf(pid_);
  if (!cpu) return std::nullopt;
  ProcessEnd used;
  used.cpu = *cpu - settled_cpu_ + told_cpu_;
  used.peak_memory = std::max(PeakMemoryOf(pid_), std::exchange(told_peak_, 0));
  settled_cpu_ = *cpu;
  settled_told_cpu_ += std::exchange(told_cpu_, Seconds{0});
  ++jobs_;
  return used;
}

void ExecutorProcess::AddUsage(Seconds cpu, std::uint64_t peak_memory) {
  told_cpu_ += cpu;
  told_peak_ = std::max(told_peak_, peak_memory);
}

bool ExecutorProcess::AllowCpu(std::chrono::seconds cpu) {
  rlimit limit{};
  if (prlimit(pid_, RLIMIT_CPU, nullptr, &limit) != 0) return false;
  const auto until = std::chrono::ceil<std::chrono::seconds>(settled_cpu_) + cpu;
  limit.rlim_cur = std::min(static_cast<rlim_t>(until.count()), limit.rlim_max);
  return prlimit(pid_, RLIMIT_CPU, &limit, nullptr) == 0;
}

void ExecutorProcess::AskToEnd() {
  if (pid_ == 0 || !grace_ || must_end_by_) return;
  syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGTERM, nullptr, 0);
  shutdown(socket_.get(), SHUT_RDWR);
  must_end_by_ = Deadline::After(*grace_ + kTimeToCleanUp);
}

// At most until the time that it was given is over.
void ExecutorProcess::AwaitEnd() const {
  pollfd ended{pidfd_.get(), POLLIN, 0};
  while (poll(&ended, 1, must_end_by_->PollTimeout()) <= 0 && !must_end_by_->Passed()) continue;
}

const ProcessEnd& ExecutorProcess::KillAndReap() {
  if (pid_ == 0) return end_;
  if (grace_) {
    AskToEnd();
    AwaitEnd();
  }
  // Until it is reaped even a dead leader keeps the number of its group, so this hits nobody else.
  kill(-pid_, SIGKILL);
  syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
  end_ = WaitForEnd(pidfd_.get());
  // Where the program was not waited for, what was told of it is all there is.
  end_.cpu = std::max(end_.cpu - settled_cpu_ - settled_told_cpu_, told_cpu_);
  end_.peak_memory = std::max(end_.peak_memory, told_peak_);
  pid_ = 0;
  return end_;
}

}  // namespace headrace
