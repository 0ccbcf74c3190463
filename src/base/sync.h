#pragma once

#include <condition_variable>
#include <mutex>

#include "base/deadline.h"

// Clang's thread safety annotations (https://clang.llvm.org/docs/ThreadSafetyAnalysis.html); the
// compiler checks them, other compilers see nothing.
#if defined(__clang__)
#define HEADRACE_TSA(x) __attribute__((x))
#else
#define HEADRACE_TSA(x)
#endif
#define CAPABILITY(x) HEADRACE_TSA(capability(x))
#define SCOPED_CAPABILITY HEADRACE_TSA(scoped_lockable)
#define GUARDED_BY(x) HEADRACE_TSA(guarded_by(x))
#define REQUIRES(...) HEADRACE_TSA(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) HEADRACE_TSA(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) HEADRACE_TSA(acquire_capability(__VA_ARGS__))
#define RELEASE(...) HEADRACE_TSA(release_capability(__VA_ARGS__))

namespace headrace {

class CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ACQUIRE() { mu_.lock(); }
  void Unlock() RELEASE() { mu_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mu_;
};

class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mu) ACQUIRE(mu) : mu_(mu) { mu_.Lock(); }
  ~MutexLock() RELEASE() { mu_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mu_;
};

// Wait in a visible loop: `while (!condition) cv.Wait(mu);`. Notify outside the lock.
class CondVar {
 public:
  void Wait(Mutex& mu) REQUIRES(mu) {
    std::unique_lock<std::mutex> lock(mu.mu_, std::adopt_lock);
    cv_.wait(lock);
    lock.release();
  }
  // Returns false when the deadline has passed.
  bool WaitUntil(Mutex& mu, Deadline deadline) REQUIRES(mu) {
    if (deadline.IsNever()) {
      Wait(mu);
      return true;
    }
    std::unique_lock<std::mutex> lock(mu.mu_, std::adopt_lock);
    const auto status = cv_.wait_until(lock, deadline.time());
    lock.release();
    return status == std::cv_status::no_timeout;
  }
  void NotifyOne() { cv_.notify_one(); }
  void NotifyAll() { cv_.notify_all(); }

 private:
  std::condition_variable cv_;
};

}  // namespace headrace
