#pragma once

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace headrace::testing_support {

// Runs `work` in a child of this (single-threaded) process that can gain no privileges, and returns
// the exit status that it gives, 0 to 255; -1 if the child was killed. For what cannot be undone.
inline int InChild(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    _exit(work());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace headrace::testing_support
