#include "engine/sqlite/clock.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>

#include "base/utc_time.h"

namespace headrace::sqlite {
namespace {

// Nothing is waited for longer; sums of two such are still far from overflow.
constexpr std::int64_t kLongest = std::int64_t{1000} * 3600 * 24 * 366 * 100;  // ms

std::int64_t BootMs() {
  std::timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::string BootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace

Clock Clock::Real() {
  return {[] { return std::int64_t{UtcNow().time_since_epoch().count()}; }, BootMs, BootId};
}

Moment Moment::Now(const Clock& clock) { return {clock.utc(), clock.boot(), SteadyClock::now()}; }

StoredTime Moment::At(SteadyTime time) const {
  // By halves: the ends of the steady clock's range are more than its range apart.
  const auto half = time.time_since_epoch() / 2 - steady.time_since_epoch() / 2;
  const auto bound = std::chrono::milliseconds(kLongest);
  if (half > bound / 2) return After(kLongest);
  if (half < -bound / 2) return After(-kLongest);
  return After(std::chrono::ceil<std::chrono::milliseconds>(time - steady).count());
}

StoredTime Moment::After(std::int64_t milliseconds) const {
  const std::int64_t left = std::clamp(milliseconds, -kLongest, kLongest);
  return {utc + left, boot + left};
}

SteadyTime Moment::SteadyAt(std::int64_t boot_time) const {
  const std::int64_t left = std::clamp(boot_time - boot, -kLongest, kLongest);
  return steady + std::chrono::milliseconds(left);
}

}  // namespace headrace::sqlite
