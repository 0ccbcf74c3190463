#include "client/interrupts.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "client/exit_codes.h"

namespace headrace {

namespace {

// A blocked signal is delivered to a signalfd even where it is to be ignored.
bool IsIgnored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

Interrupts::Interrupts() : stop_(::eventfd(0, EFD_CLOEXEC)) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    if (!IsIgnored(signal)) sigaddset(&set, signal);
  }
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC));
  thread_ = std::thread([this] { Watch(); });
}

Interrupts::~Interrupts() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

void Interrupts::Watch() {
  while (true) {
    std::array<pollfd, 2> entries{{{signals_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
    if (::poll(entries.data(), entries.size(), -1) < 0) continue;
    if (entries[1].revents != 0) return;
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info)) continue;
    // Not _exit: a sanitizer would complain of threads that nobody joined, which is the point here.
    if (!token_.Cancel(CancelReason::kShutdown)) {
      ::syscall(SYS_exit_group, static_cast<int>(ExitCode::kInterrupted));
    }
  }
}

}  // namespace headrace
