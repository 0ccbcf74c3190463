#include "engine/sqlite/file_ops.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/memfd.h"

namespace headrace {

UniqueFd FileOps::Create(int folder, const std::string& name) {
  return UniqueFd(openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
}

bool FileOps::Write(int file, const Payload& payload) {
  if (!payload.InMemfd()) return WriteAll(file, payload.Bytes());
  off_t offset = 0;
  while (static_cast<std::size_t>(offset) < payload.size()) {
    const ssize_t sent =
        sendfile(file, payload.memfd(), &offset, payload.size() - static_cast<std::size_t>(offset));
    if (sent < 0 && errno == EINTR) continue;
    if (sent == 0) errno = EIO;  // the payload's file is shorter than it was said
    if (sent <= 0) return false;
  }
  return true;
}

bool FileOps::Sync(int file) { return fdatasync(file) == 0; }

bool FileOps::Rename(int folder, const std::string& from, const std::string& to) {
  return renameat(folder, from.c_str(), folder, to.c_str()) == 0;
}

bool FileOps::SyncFolder(int folder) { return fsync(folder) == 0; }

bool FileOps::Unlink(int folder, const std::string& name) {
  return unlinkat(folder, name.c_str(), 0) == 0;
}

}  // namespace headrace
