#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/error.h"
#include "handler/sandbox/mount_view.h"

namespace headrace {

// A user, pid, mount and IPC namespace (namespaces(7)) for one process, and for what it starts: it
// sees, and can signal, none but these, ids mean the same inside and outside, and when it ends the
// kernel ends all others. Needs no right where the system lets users make namespaces. For processes
// with one thread.
class NewNamespaces {
 public:
  // In the parent.
  NewNamespaces();

  // As fork(2): the child is process 1 of the namespaces, and so ignores what it has no handler
  // for, unless the parent sends SIGKILL or SIGSTOP.
  [[nodiscard]] pid_t Fork() const;

  // In the child, before anything else: its ids, its files; then it gives up all rights that it has
  // in the namespaces. Returns the reason why not, or nothing.
  [[nodiscard]] std::optional<std::string> Settle(const MountView& view) const;

  // What they are made of, tried in a child. The reason why this system lets nobody, or not this
  // user, make them; or nothing.
  static std::optional<std::string> Probe();

  // Whether RLIMIT_NPROC of a process in them counts those in them only: from Linux 5.14 on. Else
  // it counts all that the user has.
  static bool CountTheirOwn();

 private:
  [[nodiscard]] std::optional<std::string> MapIds() const;

  uid_t user_;
  gid_t group_;
};

// Whether the service may start for which the queue `name` says `isolation.namespaces: required`.
// The hint names what is missing and what to do.
Status CheckNamespaces(const std::string& name);

}  // namespace headrace
