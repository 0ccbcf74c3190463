#include "app/stop_signals.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>

#include "app/logging.h"
#include "base/log.h"

namespace headrace {
namespace {

UniqueFd OpenSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&set, signal);
  return UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

// Whether a line would not wait for who reads the log.
bool LogIsRead() {
  pollfd entry{STDERR_FILENO, POLLOUT, 0};
  return ::poll(&entry, 1, /*timeout=*/0) == 1;
}

}  // namespace

void EndAtOnce(std::size_t jobs, const LogOptions& log) {
  if (LogIsRead()) {
    LogDirectly(log);
    LogError("second signal: ending at once, {jobs} jobs were cut", {{"jobs", jobs}});
  }
  // Not _exit: a sanitizer would complain of threads that nobody joined, which is the point here.
  ::syscall(SYS_exit_group, EXIT_FAILURE);
  std::abort();  // not reached
}

StopSignals::StopSignals() : signals_(OpenSignals()), over_(::eventfd(0, EFD_CLOEXEC)) {}

StopSignals::~StopSignals() {
  if (!thread_.joinable()) return;
  ::eventfd_write(over_.get(), 1);
  thread_.join();
}

bool StopSignals::Pending() const {
  pollfd entry{signals_.get(), POLLIN, 0};
  return ::poll(&entry, 1, /*timeout=*/0) == 1;
}

void StopSignals::Take() const {
  signalfd_siginfo info{};
  // None: another reader of signals was faster.
  [[maybe_unused]] const auto got = ::read(signals_.get(), &info, sizeof info);
}

void StopSignals::EndAtNext(std::size_t jobs, const LogOptions& log) {
  thread_ = std::thread([this, jobs, log] {
    std::array<pollfd, 2> entries{{{signals_.get(), POLLIN, 0}, {over_.get(), POLLIN, 0}}};
    while (entries[1].revents == 0) {
      if (::poll(entries.data(), entries.size(), /*timeout=*/-1) < 0) continue;
      if (entries[0].revents != 0) EndAtOnce(jobs, log);
    }
  });
}

}  // namespace headrace
