#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace headrace {

// What a process may ask of the kernel.
struct SyscallPolicy {
  enum class Profile {
    // Memory, time, and the descriptors it has: no files, processes, sockets or signals but to
    // itself. What libraries try and do without (open, stat, access, ioctl ...) gets EACCES, any
    // other call ends the process by SIGSYS.
    kMinimal,
    // Everything but what reaches into other processes, other namespaces or the kernel itself
    // (ptrace, mount, bpf, keyctl, io_uring, new namespaces and the like), and what outlives its
    // maker (System V and POSIX IPC): those get EPERM. 32-bit programs end by SIGSYS.
    kBroad,
  };
  Profile profile = Profile::kMinimal;
  bool network = false;  // kBroad: without it no socket(2)
  // kBroad: neither these nor the process groups that they lead can be signalled, rescheduled or
  // limited. To kill(2) the id of a thread means its process as well: name those of all threads.
  std::vector<pid_t> untouched;
};

// A seccomp filter (seccomp(2)), made once and installed in any number of processes. Used by one
// thread.
class SyscallFilter {
 public:
  static Expected<SyscallFilter> Make(const SyscallPolicy& policy);

  // kMinimal: the process that is about to install it, which may signal itself (abort(3) does).
  // Allocates nothing.
  void SetSelf(pid_t self);

  // kBroad: nor can these be touched, beside those of the policy.
  void Spare(const std::vector<pid_t>& untouched);

  // For the calling thread and what it forks or executes from now on; no_new_privs must be set.
  // Allocates nothing. Returns the reason why not, or nothing.
  [[nodiscard]] std::optional<std::string> Install() const;

 private:
  explicit SyscallFilter(std::vector<sock_filter> program) : program_(std::move(program)) {}

  std::vector<sock_filter> program_;
};

}  // namespace headrace
