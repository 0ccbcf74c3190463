#include "handler/command/worker_usage.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace headrace {
namespace {

UniqueFd OpenProc(pid_t process, const char* file, int flags) {
  const std::string path = "/proc/" + std::to_string(process) + "/" + file;
  return UniqueFd(open(path.c_str(), flags | O_CLOEXEC));
}

// The number behind `field` in a /proc/PID/status, where sizes are in KiB.
std::uint64_t StatusSize(std::string_view status, std::string_view field) {
  const auto at = status.find(field);
  if (at == std::string_view::npos) return 0;
  std::string_view text = status.substr(at + field.size());
  const auto digit = text.find_first_of("0123456789");
  if (digit == std::string_view::npos) return 0;
  text.remove_prefix(digit);
  std::uint64_t kib = 0;
  std::from_chars(text.data(), text.data() + text.size(), kib);
  return kib * 1024;
}

}  // namespace

void WorkerUsage::Begin(std::chrono::seconds cpu) {
  before_ = Cpu();
  // "5" sets the peak of the resident memory back to what it is now.
  if (const UniqueFd file = OpenProc(process_, "clear_refs", O_WRONLY)) {
    [[maybe_unused]] const ssize_t written = write(file.get(), "5", 1);
  }
  if (cpu.count() == 0) return;
  // The hard limit stays above all that the soft one will be: lowered, it could not be raised.
  rlimit limit{};
  if (prlimit(process_, RLIMIT_CPU, nullptr, &limit) != 0) return;
  limit.rlim_cur =
      static_cast<rlim_t>((std::chrono::ceil<std::chrono::seconds>(before_) + cpu).count());
  if (limit.rlim_cur < limit.rlim_max) prlimit(process_, RLIMIT_CPU, &limit, nullptr);
}

WorkerUsage::Used WorkerUsage::Take() const {
  Used used;
  used.cpu = Cpu() - before_;
  std::array<char, 4096> text{};
  const UniqueFd file = OpenProc(process_, "status", O_RDONLY);
  const ssize_t size = file ? read(file.get(), text.data(), text.size()) : 0;
  if (size > 0) {
    used.peak_memory = StatusSize({text.data(), static_cast<std::size_t>(size)}, "VmHWM:");
  }
  return used;
}

std::chrono::nanoseconds WorkerUsage::Cpu() const {
  clockid_t clock{};
  timespec time{};
  if (clock_getcpuclockid(process_, &clock) != 0 || clock_gettime(clock, &time) != 0)
    return before_;
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace headrace
