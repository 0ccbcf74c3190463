#include "handler/command/scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <vector>

#include "handler/command/folder_tree.h"

namespace headrace {
namespace {

constexpr const char* kPrefix = "headrace-job-";
constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
// A sweeper that lists the folder the moment it is made takes it for a leftover.
constexpr int kMostTries = 10;
// Less than a zygote has to get warm: the rest is for the next sweep.
constexpr std::chrono::seconds kSweepTime{10};

Error ScratchError(const std::string& what) {
  return {ErrorCode::kInternal, "handler-failed", "the service has no room to work in",
          what + ": " + std::strerror(errno)};
}

bool IsAt(int folder, const std::string& path) {
  struct stat own {};
  struct stat named {};
  return fstat(folder, &own) == 0 && lstat(path.c_str(), &named) == 0 &&
         own.st_dev == named.st_dev && own.st_ino == named.st_ino;
}

// Locked, so that nobody sweeps it; not open if somebody has already.
UniqueFd OpenLocked(const std::string& path) {
  UniqueFd folder(open(path.c_str(), kFolderFlags));
  if (!folder || flock(folder.get(), LOCK_EX | LOCK_NB) != 0 || !IsAt(folder.get(), path)) {
    return {};
  }
  return folder;
}

// A leftover of this user that nobody has locked.
bool RemoveLeftover(int parent, const std::string& path, const char* name, Deadline until) {
  const UniqueFd folder(openat(parent, name, kFolderFlags));
  struct stat status {};
  if (!folder || fstat(folder.get(), &status) != 0 || status.st_uid != geteuid()) return false;
  if (flock(folder.get(), LOCK_EX | LOCK_NB) != 0 || !IsAt(folder.get(), path)) return false;
  return EmptyFolder(folder.get(), until) && unlinkat(parent, name, AT_REMOVEDIR) == 0;
}

}  // namespace

Expected<Scratch> Scratch::Make(const std::string& dir) {
  for (int tries = 0; tries < kMostTries; ++tries) {
    std::string path = dir + "/" + kPrefix + "XXXXXX";
    if (mkdtemp(path.data()) == nullptr) return ScratchError(path);
    UniqueFd folder = OpenLocked(path);
    if (!folder) continue;
    Scratch scratch(std::move(path), std::move(folder));
    if (mkdirat(scratch.fd(), "tmp", S_IRWXU) != 0) return ScratchError(scratch.tmp());
    return scratch;
  }
  return ScratchError(dir);
}

Scratch::~Scratch() { Remove(); }

Status Scratch::MakeOutput() const {
  if (mkdirat(fd(), "output", S_IRWXU) != 0) return ScratchError(output());
  return Ok();
}

Expected<UniqueFd> Scratch::MakeFile(const std::string& name) const {
  UniqueFd file(openat(fd(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                       S_IRUSR | S_IWUSR));
  if (!file) return ScratchError(path_ + "/" + name);
  return file;
}

Expected<UniqueFd> Scratch::MakeUnnamedFile() const {
  // Not O_TMPFILE, which not every file system has.
  static constexpr const char* kName = ".unnamed";
  auto file = MakeFile(kName);
  if (file && unlinkat(fd(), kName, 0) != 0) return ScratchError(path_);
  return file;
}

std::uint64_t Scratch::Bytes(std::uint64_t limit) const { return MeasureTree(fd(), limit); }

bool Scratch::Remove() {
  if (!fd_) return true;
  const bool emptied = EmptyFolder(fd());
  const bool removed = emptied && rmdir(path_.c_str()) == 0;
  fd_.reset();
  return removed;
}

std::size_t SweepScratch(const std::string& dir) {
  const UniqueFd parent(open(dir.c_str(), kFolderFlags & ~O_NOFOLLOW));
  if (!parent) return 0;
  const Deadline until = Deadline::After(kSweepTime);
  std::size_t swept = 0;
  const auto sweep = [&](const char* name, unsigned char) {
    if (std::strncmp(name, kPrefix, std::strlen(kPrefix)) != 0) return true;
    if (RemoveLeftover(parent.get(), dir + "/" + name, name, until)) ++swept;
    return true;
  };
  ForEachName(parent.get(), sweep);
  return swept;
}

}  // namespace headrace
