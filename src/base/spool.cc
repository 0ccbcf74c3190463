#include "base/spool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "base/job_id.h"
#include "base/memfd.h"

namespace headrace {
namespace {

Error Broken(const std::string& what) {
  return Error{ErrorCode::kUnavailable, "spool", what, "", 0};
}

Error Failed(const char* call) { return Broken(fmt::format("{}: {}", call, std::strerror(errno))); }

// Some file systems, overlayfs before Linux 6.1 for one, know no O_TMPFILE: there the name goes at
// once.
UniqueFd NamelessFile(int folder) {
  UniqueFd file(openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file || errno != EOPNOTSUPP) return file;
  const std::string name = ".headrace-" + NewJobId(0);
  file.reset(openat(folder, name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600));
  if (file) unlinkat(folder, name.c_str(), 0);
  return file;
}

}  // namespace

Spool::Spool(UniqueFd folder, std::uint64_t limit)
    : folder_(std::move(folder)),
      bytes_(std::make_unique<Ledger>(limit)),
      errors_(std::make_unique<std::atomic<std::uint64_t>>(0)) {}

Expected<Spool> Spool::Open(const std::string& folder, std::uint64_t limit) {
  UniqueFd fd(open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return Failed("open");
  struct statfs filesystem {};
  if (fstatfs(fd.get(), &filesystem) != 0) return Failed("statfs");
  if (filesystem.f_type == TMPFS_MAGIC) return Broken("it lies in memory (tmpfs)");
  if (!NamelessFile(fd.get())) return Failed("a file without a name");
  return Spool(std::move(fd), limit);
}

Expected<Payload> Spool::Store(const Payload& payload) {
  auto stored = TryStore(payload);
  if (!stored) errors_->fetch_add(1, std::memory_order_relaxed);
  return stored;
}

Expected<Payload> Spool::TryStore(const Payload& payload) {
  auto charge = bytes_->TryCharge(MemoryUse::kResults, payload.size());
  if (!charge) return Broken(fmt::format("its {} bytes are used up", bytes_->budget()));
  UniqueFd file = NamelessFile(folder_.get());
  if (!file) return Failed("a file without a name");
  // A disk that is full says so here, and not while the answer is sent.
  if (const int error = posix_fallocate(file.get(), 0, static_cast<off_t>(payload.size()));
      error != 0) {
    errno = error;
    return Failed("fallocate");
  }
  if (!WriteAll(file.get(), payload.Bytes())) return Failed("write");
  Payload stored = Payload::FromFile(std::move(file), payload.size());
  stored.Hold(*std::move(charge));
  return stored;
}

}  // namespace headrace
