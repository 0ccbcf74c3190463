#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/deadline.h"
#include "base/fd.h"

namespace headrace {

// How a child process ended and what it used.
struct ProcessEnd {
  bool known = false;             // false: somebody else reaped it
  int exit_status = -1;           // of exit(2); -1: it was killed
  int signal = 0;                 // that killed it; 0: it exited
  Seconds cpu{0};                 // user and system, of the process and the children it waited for
  std::uint64_t peak_memory = 0;  // bytes, resident
};

// "exited with status 3", "was killed by signal 11 (Segmentation fault)".
std::string Describe(const ProcessEnd& end);

// One executor that was lent to a job: our child, leader of its own process group. Owns its socket
// and its pidfd. Move-only, used by one thread at a time. The destructor kills and reaps.
class ExecutorProcess {
 public:
  ExecutorProcess(pid_t pid, UniqueFd pidfd, UniqueFd socket);
  ~ExecutorProcess();
  ExecutorProcess(ExecutorProcess&& other) noexcept;
  ExecutorProcess& operator=(ExecutorProcess&&) = delete;
  ExecutorProcess(const ExecutorProcess&) = delete;
  ExecutorProcess& operator=(const ExecutorProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }
  [[nodiscard]] int socket() const { return socket_.get(); }

  // SIGKILL to its whole group, then waits for its end. The pid is never used again after that.
  // Idempotent.
  const ProcessEnd& KillAndReap();

 private:
  pid_t pid_;  // 0: moved from, or reaped
  UniqueFd pidfd_;
  UniqueFd socket_;
  ProcessEnd end_;
};

}  // namespace headrace
