#pragma once

#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace headrace::testing_support {

// Makes this process what a keeper is: a subreaper whose memory nobody reads. Root becomes a user
// that nobody else is, because RLIMIT_NPROC does not bind root and counts all that a user runs.
// Idempotent. False: it is still root, having no right to change that.
inline bool BecomeKeeper() {
  constexpr uid_t kFirst = 1'000'000;
  if (geteuid() == 0) {
    const uid_t user = kFirst + static_cast<uid_t>(getpid());
    [[maybe_unused]] const bool dropped = setgroups(0, nullptr) == 0 &&
                                          setresgid(user, user, user) == 0 &&
                                          setresuid(user, user, user) == 0;
  }
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_DUMPABLE, 0);
  return geteuid() != 0;
}

}  // namespace headrace::testing_support
