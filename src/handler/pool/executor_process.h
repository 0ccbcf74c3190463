#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/deadline.h"
#include "base/fd.h"

namespace headrace {

// How a child process ended and what it used.
struct ProcessEnd {
  bool known = false;    // false: somebody else reaped it
  int exit_status = -1;  // of exit(2); -1: it was killed
  int signal = 0;        // that killed it; 0: it exited
  // User and system, of the process and the children it waited for or told of, since the last
  // Settle.
  Seconds cpu{0};
  std::uint64_t peak_memory = 0;  // bytes, resident, since its start
};

// "exited with status 3", "was killed by signal 11 (Segmentation fault)".
std::string Describe(const ProcessEnd& end);

// One executor that is lent to a job: our child, leader of its own process group. Owns its socket
// and its pidfd. Move-only, used by one thread at a time. The destructor kills and reaps.
//
// A keeper, whose program and files are to be cleaned up by itself, is asked to end before it is
// killed: by SIGTERM, with its socket shut down so that it waits for nothing that the service could
// send or read. It is given its grace, and 5 s for the rest.
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

  // Makes it a keeper. Before anything else.
  void SetGrace(std::chrono::milliseconds grace) { grace_ = grace; }
  [[nodiscard]] bool IsKeeper() const { return grace_.has_value(); }
  // Asks a keeper to end and does not wait, so that several can do it at once. Idempotent.
  void AskToEnd();
  // It was, and all its time is over.
  [[nodiscard]] bool IsOverdue() const { return must_end_by_ && must_end_by_->Passed(); }
  // What a keeper says that its program used since it last did: the kernel tells it only when the
  // keeper has waited for its end.
  void AddUsage(Seconds cpu, std::uint64_t peak_memory);

  // For one that goes on to another job: what it used since the last call, or since its start.
  // Nothing if the kernel does not tell.
  std::optional<ProcessEnd> Settle();
  // How often it was settled: the jobs that it has done.
  [[nodiscard]] std::uint32_t jobs() const { return jobs_; }
  // Lets it use so much CPU time more than at the last Settle before SIGXCPU ends it. The limit has
  // whole seconds, so it may become up to one more. False if that cannot be set.
  [[nodiscard]] bool AllowCpu(std::chrono::seconds cpu);

  // Asks a keeper; then SIGKILL to its whole group, and waits for its end. The pid is never used
  // again after that. Idempotent.
  const ProcessEnd& KillAndReap();

 private:
  void AwaitEnd() const;

  pid_t pid_;  // 0: moved from, or reaped
  UniqueFd pidfd_;
  UniqueFd socket_;
  std::uint32_t jobs_ = 0;
  std::optional<std::chrono::milliseconds> grace_;
  std::optional<Deadline> must_end_by_;  // it was asked to end
  Seconds settled_cpu_{0};               // its own
  Seconds settled_told_cpu_{0};          // and of its program
  Seconds told_cpu_{0};                  // since then
  std::uint64_t told_peak_ = 0;
  ProcessEnd end_;
};

}  // namespace headrace
