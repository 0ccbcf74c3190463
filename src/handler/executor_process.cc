#include "handler/executor_process.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
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
      end_(other.end_) {}

ExecutorProcess::~ExecutorProcess() { KillAndReap(); }

const ProcessEnd& ExecutorProcess::KillAndReap() {
  if (pid_ == 0) return end_;
  // Until it is reaped even a dead leader keeps the number of its group, so this hits nobody else.
  kill(-pid_, SIGKILL);
  syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
  end_ = WaitForEnd(pidfd_.get());
  pid_ = 0;
  return end_;
}

}  // namespace headrace
