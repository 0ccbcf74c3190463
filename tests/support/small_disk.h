#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <string>

#include "base/fd.h"

namespace headrace::testing_support {

inline bool WriteFile(const char* path, const std::string& text) {
  const UniqueFd file(open(path, O_WRONLY | O_CLOEXEC));
  return file && write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// A mount namespace of this (single-threaded) process's own; false where the system makes none.
inline bool OwnMounts() {
  const auto user = getuid();
  const auto group = getgid();
  if (unshare(CLONE_NEWNS) != 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    WriteFile("/proc/self/setgroups", "deny");
    if (!WriteFile("/proc/self/uid_map", fmt::format("0 {} 1", user)) ||
        !WriteFile("/proc/self/gid_map", fmt::format("0 {} 1", group))) {
      return false;
    }
  }
  return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

// Puts a disk of so many bytes on the folder, which only this process, a child of the test's, sees.
// False where the system does not let it.
inline bool MountSmallDisk(const std::string& folder, std::size_t bytes) {
  return OwnMounts() && mount("small-disk", folder.c_str(), "tmpfs", 0,
                              fmt::format("size={}", bytes).c_str()) == 0;
}

}  // namespace headrace::testing_support
