#include "handler/sandbox/namespaces.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

#include "base/fd.h"
#include "base/memfd.h"
#include "handler/sandbox/raw_clone.h"

namespace headrace {
namespace {

constexpr unsigned long kNamespaces = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC;

std::string Reason(const std::string& what) { return what + ": " + std::strerror(errno); }

bool WriteFile(const char* path, const std::string& text) {
  const UniqueFd file(open(path, O_WRONLY | O_CLOEXEC));
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Also those that a program of root's would get again when it is executed.
std::optional<std::string> GiveUpCapabilities() {
  for (unsigned long capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    // EINVAL: this kernel does not have it.
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EINVAL) {
      return Reason("PR_CAPBSET_DROP");
    }
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  if (syscall(SYS_capset, &header, none.data()) != 0) return Reason("capset");
  return std::nullopt;
}

}  // namespace

NewNamespaces::NewNamespaces() : user_(geteuid()), group_(getegid()) {}

pid_t NewNamespaces::Fork() const { return RawClone(kNamespaces | SIGCHLD); }

std::optional<std::string> NewNamespaces::Settle(const MountView& view) const {
  // The files of an undumpable process in /proc belong to root.
  const bool dumpable = prctl(PR_GET_DUMPABLE) == 1;
  prctl(PR_SET_DUMPABLE, 1);
  auto reason = MapIds();
  prctl(PR_SET_DUMPABLE, dumpable ? 1 : 0);
  if (reason) return reason;
  if (chdir("/") != 0) return Reason("/");
  if (auto missing = EnterMountView(view)) return missing;
  return GiveUpCapabilities();
}

std::optional<std::string> NewNamespaces::MapIds() const {
  // Without setgroups(2), for which the kernel would ask for more rights.
  if (!WriteFile("/proc/self/setgroups", "deny")) return Reason("setgroups");
  if (!WriteFile("/proc/self/uid_map", fmt::format("{0} {0} 1", user_))) return Reason("uid_map");
  if (!WriteFile("/proc/self/gid_map", fmt::format("{0} {0} 1", group_))) return Reason("gid_map");
  return std::nullopt;
}

std::optional<std::string> NewNamespaces::Probe() {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return Reason("pipe");
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const NewNamespaces namespaces;
  const pid_t child = namespaces.Fork();
  if (child < 0) return Reason("clone");
  if (child == 0) {
    const auto reason = namespaces.Settle({{"/tmp"}, {}, {}});
    if (reason) WriteAll(writer.get(), std::as_bytes(std::span(*reason)));
    _exit(reason ? 1 : 0);
  }
  writer.reset();
  int status = 0;
  waitpid(child, &status, 0);
  if (status == 0) return std::nullopt;
  std::array<char, 512> reason{};
  const ssize_t size = read(reader.get(), reason.data(), reason.size());
  if (size <= 0) return "the first process ended";
  return std::string(reason.data(), static_cast<std::size_t>(size));
}

bool NewNamespaces::CountTheirOwn() {
  constexpr int kMajor = 5;
  constexpr int kMinor = 14;
  utsname system{};
  if (uname(&system) != 0) return false;
  const std::string_view release(static_cast<const char*>(system.release));
  int major = 0;
  int minor = 0;
  const char* const begin = release.data();
  const char* const end = begin + release.size();
  const auto [dot, error] = std::from_chars(begin, end, major);
  if (error != std::errc() || dot == end) return false;
  std::from_chars(dot + 1, end, minor);
  return major > kMajor || (major == kMajor && minor >= kMinor);
}

Status CheckNamespaces(const std::string& name) {
  const auto missing = NewNamespaces::Probe();
  if (!missing) return Ok();
  return Error{
      ErrorCode::kInvalidArgument, "sandbox",
      fmt::format("queues.{}.isolation.namespaces: required, but headrace can make none here ({}): "
                  "let its user make user namespaces (user.max_user_namespaces, "
                  "kernel.unprivileged_userns_clone, AppArmor), in a container also by a seccomp "
                  "profile with clone and mount and by a /proc that is not masked; or set it to "
                  "none",
                  name, *missing),
      ""};
}

}  // namespace headrace
