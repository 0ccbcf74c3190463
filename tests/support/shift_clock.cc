// Preloaded into a service (LD_PRELOAD) it steps the clocks of this process alone: CLOCK_REALTIME
// and CLOCK_BOOTTIME are as many nanoseconds ahead as the first and the second eight bytes of the
// file named by SHIFT_CLOCK_FILE say at the moment. The steady clock, and all waiting, are as they
// were.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

using ClockGettime = int (*)(clockid_t, timespec*);

// The offsets, mapped: null without a file.
const volatile std::int64_t* Offsets() {
  static const volatile std::int64_t* const kOffsets = []() -> const volatile std::int64_t* {
    const char* const name = std::getenv("SHIFT_CLOCK_FILE");
    const int file = name == nullptr ? -1 : open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0) return nullptr;
    void* const page = mmap(nullptr, 2 * sizeof(std::int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    return page == MAP_FAILED ? nullptr : static_cast<const volatile std::int64_t*>(page);
  }
  ();
  return kOffsets;
}

int RealTime(clockid_t clock, timespec* time) {
  static const auto kReal = reinterpret_cast<ClockGettime>(dlsym(RTLD_NEXT, "clock_gettime"));
  return kReal(clock, time);
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const int result = RealTime(clock, time);
  const bool wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  const bool shifted = wall || clock == CLOCK_BOOTTIME;
  if (result != 0 || !shifted || Offsets() == nullptr) return result;
  const std::int64_t offset = Offsets()[wall ? 0 : 1];
  const std::int64_t now = std::int64_t{time->tv_sec} * kSecond + time->tv_nsec + offset;
  time->tv_sec = now / kSecond;
  time->tv_nsec = now % kSecond;
  return result;
}

int gettimeofday(timeval* time, void* /*zone*/) noexcept {
  timespec now{};
  const int result = clock_gettime(CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return result;
}

time_t time(time_t* seconds) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (seconds != nullptr) *seconds = now.tv_sec;
  return now.tv_sec;
}

}  // extern "C"
