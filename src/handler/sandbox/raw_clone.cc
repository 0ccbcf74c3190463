#include "handler/sandbox/raw_clone.h"

#include <sys/syscall.h>
#include <unistd.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#include <sanitizer/linux_syscall_hooks.h>
#define HEADRACE_BEFORE_FORK() __sanitizer_syscall_pre_fork()
#define HEADRACE_AFTER_FORK(pid) __sanitizer_syscall_post_fork(pid)
#else
#define HEADRACE_BEFORE_FORK() static_cast<void>(0)
#define HEADRACE_AFTER_FORK(pid) static_cast<void>(0)
#endif

namespace headrace {

pid_t RawClone(unsigned long flags, int* pidfd) {
  HEADRACE_BEFORE_FORK();
  const long pid = syscall(SYS_clone, flags, nullptr, pidfd, nullptr, nullptr);
  HEADRACE_AFTER_FORK(static_cast<int>(pid));
  return static_cast<pid_t>(pid);
}

}  // namespace headrace
