// Preloaded into the service and the tests: their threads sleep at random where another thread or
// process may come in between, which is behind the release of a mutex and behind system calls. What
// held by luck alone fails then. Other programs are left alone, and so is what these fork.
//
//   DELAYS_ODDS   one call in so many sleeps
//   DELAYS_MS     the longest sleep
//   DELAYS_TOTAL  ms that a process sleeps in all its threads together; then it runs as it is
#include <dlfcn.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <thread>

namespace {

unsigned odds = 0;
unsigned longest_ms = 0;
std::atomic<long> left_ms = 0;  // 0 or less: no delays

unsigned FromEnvironment(const char* name, unsigned otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::atoi(text));
}

// Zygotes and keepers are programs of other names.
bool IsOurs() {
  std::error_code error;
  const std::string name = std::filesystem::read_symlink("/proc/self/exe", error).filename();
  return name == "headrace" || name.ends_with("_test");
}

__attribute__((constructor)) void Begin() {
  odds = FromEnvironment("DELAYS_ODDS", 50);
  longest_ms = FromEnvironment("DELAYS_MS", 30);
  pthread_atfork(nullptr, nullptr, [] { left_ms = 0; });
  if (odds > 0 && longest_ms > 0 && IsOurs()) left_ms = FromEnvironment("DELAYS_TOTAL", 5000);
}

thread_local bool delaying = false;  // what a delay calls is not delayed

void MaybeDelay() {
  if (left_ms <= 0 || delaying) return;
  delaying = true;
  const int error = errno;
  thread_local std::minstd_rand random(
      static_cast<unsigned>(std::chrono::steady_clock::now().time_since_epoch().count()));
  if (random() % odds == 0) {
    const long ms = 1 + static_cast<long>(random() % longest_ms);
    left_ms -= ms;
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
  }
  errno = error;
  delaying = false;
}

template <class Function>
Function Real(std::atomic<Function>& known, const char* name) {
  if (known.load() == nullptr) known = reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
  return known;
}

}  // namespace

#define DELAYED(Result, name, parameters, arguments, exceptions) \
  Result name parameters exceptions {                            \
    static constinit std::atomic<Result(*) parameters> known{};  \
    const Result result = Real(known, #name) arguments;          \
    MaybeDelay();                                                \
    return result;                                               \
  }

extern "C" {
DELAYED(int, pthread_mutex_unlock, (pthread_mutex_t * mutex), (mutex), noexcept)
DELAYED(int, pthread_create,
        (pthread_t * thread, const pthread_attr_t* how, void* (*what)(void*), void* with),
        (thread, how, what, with), noexcept)
DELAYED(int, accept4, (int fd, sockaddr* from, socklen_t* size, int flags), (fd, from, size, flags),
        noexcept(false))
DELAYED(int, epoll_wait, (int fd, epoll_event* events, int most, int timeout),
        (fd, events, most, timeout), noexcept(false))
DELAYED(ssize_t, read, (int fd, void* bytes, size_t size), (fd, bytes, size), noexcept(false))
DELAYED(ssize_t, write, (int fd, const void* bytes, size_t size), (fd, bytes, size),
        noexcept(false))
DELAYED(ssize_t, recv, (int fd, void* bytes, size_t size, int flags), (fd, bytes, size, flags),
        noexcept(false))
DELAYED(ssize_t, send, (int fd, const void* bytes, size_t size, int flags),
        (fd, bytes, size, flags), noexcept(false))
DELAYED(ssize_t, recvmsg, (int fd, msghdr* message, int flags), (fd, message, flags),
        noexcept(false))
DELAYED(ssize_t, sendmsg, (int fd, const msghdr* message, int flags), (fd, message, flags),
        noexcept(false))
DELAYED(int, fdatasync, (int fd), (fd), noexcept(false))
}
