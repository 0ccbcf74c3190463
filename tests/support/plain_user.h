#pragma once

#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

namespace headrace::testing_support {

inline bool DropRoot() {
  constexpr uid_t kFirst = 1'000'000;
  const uid_t user = kFirst + static_cast<uid_t>(getpid());
  return setgroups(0, nullptr) == 0 && setresgid(user, user, user) == 0 &&
         setresuid(user, user, user) == 0;
}

// For a test that starts programs which limits on processes are to bind: they do not bind root, and
// count all that a user runs. Root becomes a user that nobody else is, unless it has no right to or
// `needed`, a program, could not be executed by that user. True if this is no root, then.
inline bool BecomePlainUser(const char* needed) {
  if (geteuid() != 0) return true;
  const pid_t probe = fork();
  if (probe == 0) _exit(DropRoot() && access(needed, X_OK) == 0 ? 0 : 1);
  int status = -1;
  waitpid(probe, &status, 0);
  return status == 0 && DropRoot();
}

}  // namespace headrace::testing_support
