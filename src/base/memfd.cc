#include "base/memfd.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/deadline.h"

namespace headrace {

Error OutOfMemory(const char* what) {
  return Error{ErrorCode::kUnavailable, "out-of-resources",
               "the service is short of memory or descriptors; try again later",
               fmt::format("{}: {}", what, std::strerror(errno)), 1};
}

bool SealForever(int memfd) {
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  const Deadline deadline = Deadline::After(std::chrono::seconds(1));
  while (fcntl(memfd, F_ADD_SEALS, kSeals) != 0) {
    if (errno != EBUSY || deadline.Passed()) return false;
    poll(nullptr, 0, 1);  // milliseconds; the kernel waits for its own pages as well
  }
  return true;
}

bool WriteAll(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

Expected<UniqueFd> MakeSizedMemfd(const char* name, std::size_t size) {
  UniqueFd fd(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd || ftruncate(fd.get(), static_cast<off_t>(size)) != 0) return OutOfMemory("memfd");
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return OutOfMemory("seal");
  }
  return fd;
}

}  // namespace headrace
