#include "handler/sandbox/untouched_filter.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>

namespace headrace {
namespace {

// Calls whose first argument is a process (or, negative, a group) that they act upon.
constexpr std::array<std::uint32_t, 10> kActOnFirst{
    SYS_kill,          SYS_tgkill,         SYS_rt_sigqueueinfo,    SYS_rt_tgsigqueueinfo,
    SYS_sched_setattr, SYS_sched_setparam, SYS_sched_setscheduler, SYS_sched_setaffinity,
    SYS_migrate_pages, SYS_move_pages,
};
// The same, with the process or group in the second argument.
constexpr std::array<std::uint32_t, 2> kActOnSecond{SYS_setpriority, SYS_ioprio_set};

// A conditional jump reaches 255 instructions; after so many there is a place to refuse.
constexpr std::size_t kOfChunk = 200;

static_assert(std::endian::native ==
              std::endian::little);  // the lower half of an argument is first
std::uint32_t Argument(unsigned number) {
  return static_cast<std::uint32_t>(offsetof(seccomp_data, args) + number * sizeof(std::uint64_t));
}

sock_filter Load(std::uint32_t offset) { return {BPF_LD | BPF_W | BPF_ABS, 0, 0, offset}; }
sock_filter Jump(std::size_t over) {
  return {BPF_JMP | BPF_JA, 0, 0, static_cast<std::uint32_t>(over)};
}
sock_filter IfEqual(std::uint32_t value, std::size_t over_if, std::size_t over_else = 0) {
  return {BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint8_t>(over_if),
          static_cast<std::uint8_t>(over_else), value};
}
sock_filter Refuse() { return {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM}; }

// Refuses if what was loaded is one of `values`.
std::vector<sock_filter> Compare(std::span<const std::uint32_t> values) {
  std::vector<sock_filter> program;
  while (!values.empty()) {
    const auto chunk = values.first(std::min(values.size(), kOfChunk));
    for (std::size_t i = 0; i < chunk.size(); ++i) {
      program.push_back(IfEqual(chunk[i], chunk.size() - i));
    }
    program.push_back(Jump(1));
    program.push_back(Refuse());
    values = values.subspan(chunk.size());
  }
  return program;
}

}  // namespace

std::vector<sock_filter> UntouchedFilter(const std::vector<pid_t>& untouched) {
  std::vector<std::uint32_t> values{UINT32_MAX};  // -1: everybody
  for (const pid_t pid : untouched) {
    values.push_back(static_cast<std::uint32_t>(pid));
    values.push_back(static_cast<std::uint32_t>(-pid));
  }
  const std::vector<sock_filter> compare = Compare(values);
  const std::size_t calls = kActOnFirst.size() + kActOnSecond.size();
  // Behind the calls: away for all others, two to load the second argument, one to load the first.
  constexpr std::size_t kLoads = 4;
  const std::size_t end = kLoads + compare.size();
  std::vector<sock_filter> program;
  program.push_back(Load(offsetof(seccomp_data, arch)));
  // Other architectures have other numbers; what follows ends them.
  program.push_back(IfEqual(seccomp_arch_native(), 1));
  program.push_back(Jump(1 + calls + end));
  program.push_back(Load(offsetof(seccomp_data, nr)));
  std::size_t left = calls;
  for (const std::uint32_t call : kActOnSecond) program.push_back(IfEqual(call, left--));
  for (const std::uint32_t call : kActOnFirst) program.push_back(IfEqual(call, left-- + 2));
  program.push_back(Jump(end - 1));
  program.push_back(Load(Argument(1)));
  program.push_back(Jump(1));
  program.push_back(Load(Argument(0)));
  program.insert(program.end(), compare.begin(), compare.end());
  return program;
}

}  // namespace headrace
