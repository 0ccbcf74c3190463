#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "handler/sandbox/executor_limits.h"
#include "handler/sandbox/syscall_filter.h"

namespace headrace {

// What a zygote and an executor do to themselves before they touch anything of a client. Child
// side, single-threaded. Each returns the reason why it failed, or nothing. The order matters and
// is that of the functions: the OOM score before the process becomes undumpable (its /proc files
// then belong to root), the limits last.

// The kernel sends this process `signal` when the service ends; fails if it already has.
std::optional<std::string> DieWithService(pid_t service, int signal = SIGKILL);

// For the zygote: when memory runs out the kernel takes an executor (which inherits the score) or
// the zygote, never the service. Without /proc the score stays as it is. Not for the zygote of
// keepers, which must live to clean up: their programs are the victims.
void PreferAsVictim();

// No core dumps, no ptrace, no /proc/PID/mem for other processes of the same user.
std::optional<std::string> HideMemory();

// As many descriptors as a handler of ours needs that has all it works on.
inline constexpr std::uint64_t kExecutorOpenFiles = 64;

// For the executor: its share of the cores, no_new_privs and the resource limits. A limit which is
// already lower stays. Sanitizer builds leave the address space unlimited, their shadow memory
// needs it.
std::optional<std::string> LimitResources(const ExecutorLimits& limits,
                                          std::uint64_t open_files = kExecutorOpenFiles);

// For a keeper in place of those: no_new_privs, room for its program's descriptors, no core dump.
// What its program may use is the keeper's to limit.
std::optional<std::string> LimitKeeper();

// For the executor: `socket` becomes descriptor 3, stderr goes where stdout goes (/dev/null;
// sanitizer builds keep it for their reports), everything else is closed.
std::optional<std::string> KeepOnlySocket(int socket);

inline constexpr int kExecutorSocket = 3;

// How far the code of an executor is trusted.
enum class ExecutorProfile {
  kTrusted,  // the limits alone
  kKeeper,   // not even those: it starts another program and confines that one (keeper.h)
  kBroad,    // files and, with the right key, sockets; nothing of other processes or the kernel
  kMinimal,  // its memory and its socket: no file, no process
};

// The last wall, prepared by the zygote and entered by each executor after its limits: Landlock,
// then the syscall filter. Sanitizer builds leave the minimal filter out, their run-time needs
// more. Used by one thread.
class Confinement {
 public:
  // In the zygote. Never fails: what cannot be prepared is told by Enter.
  explicit Confinement(ExecutorProfile profile);

  // Goes as far as the kernel lets it. Returns the first reason why something is missing, or
  // nothing. no_new_privs must be set. `service`: out of reach from now on, with all that it has
  // started.
  [[nodiscard]] std::optional<std::string> Enter(pid_t service);

 private:
  [[nodiscard]] std::optional<std::string> EnterLandlock() const;
  [[nodiscard]] std::optional<std::string> EnterFilter(pid_t service);

  const ExecutorProfile profile_;
  const pid_t zygote_;
  std::optional<SyscallFilter> filter_;
  std::string failure_;  // why there is no filter though there should be one
};

}  // namespace headrace
