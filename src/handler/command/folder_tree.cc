#include "handler/command/folder_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

namespace headrace {
namespace {

constexpr std::uint64_t kBlock = 512;  // of st_blocks, on every file system
// So many descriptors of folders are open at once.
constexpr std::size_t kMostLevels = 100;

// A folder that is being read.
class Listing {
 public:
  explicit Listing(UniqueFd folder)
      : stream_(folder ? fdopendir(folder.get()) : nullptr, &closedir) {
    if (stream_) folder.release();
  }

  explicit operator bool() const { return static_cast<bool>(stream_); }
  [[nodiscard]] int fd() const { return dirfd(stream_.get()); }

  // The next one but . and ..; null at the end.
  dirent* Next() {
    dirent* entry = readdir(stream_.get());
    while (entry != nullptr && IsDots(entry->d_name)) entry = readdir(stream_.get());
    return entry;
  }

 private:
  static bool IsDots(const char* name) {
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
  }

  std::unique_ptr<DIR, int (*)(DIR*)> stream_;
};

// A second description of the folder, to be read from its beginning.
Listing List(int folder) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  UniqueFd again(openat(folder, ".", kFlags));
  // Its mode was changed after it was opened.
  if (!again && errno == EACCES && fchmod(folder, S_IRWXU) == 0) {
    again.reset(openat(folder, ".", kFlags));
  }
  return Listing(std::move(again));
}

bool StatEntry(int folder, const char* name, struct stat& status) {
  if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0) return true;
  return errno == EACCES && fchmod(folder, S_IRWXU) == 0 &&
         fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

// By the descriptor, which may be O_PATH: a name could mean something else by now.
std::string ByDescriptor(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

class Measure {
 public:
  explicit Measure(std::uint64_t limit) : limit_(limit) {}

  std::uint64_t Of(int folder) {
    if (!Enter(List(folder))) return UINT64_MAX;
    while (!levels_.empty() && bytes_ <= limit_) {
      const dirent* const entry = levels_.back().Next();
      if (entry == nullptr) {
        levels_.pop_back();
      } else if (!Count(levels_.back().fd(), entry->d_name)) {
        return UINT64_MAX;
      }
    }
    return bytes_;
  }

 private:
  bool Count(int folder, const char* name) {
    struct stat status {};
    if (!StatEntry(folder, name, status)) return errno == ENOENT;
    bytes_ += std::max(static_cast<std::uint64_t>(status.st_blocks) * kBlock, kLeastOfFile);
    if (!S_ISDIR(status.st_mode)) return true;
    UniqueFd below = OpenUntrusted(folder, name, S_IFDIR);
    if (!below) return errno == ENOENT || errno == ENOTDIR;  // gone or replaced since
    return Enter(Listing(std::move(below)));
  }

  bool Enter(Listing listing) {
    if (!listing || levels_.size() >= kMostLevels) return false;
    levels_.push_back(std::move(listing));
    return true;
  }

  const std::uint64_t limit_;
  std::uint64_t bytes_ = 0;
  std::vector<Listing> levels_;
};

// Removes a tree without going down into it: folders below the first level are moved up to it, so
// that neither the depth nor the length of a path matters.
class Removal {
 public:
  Removal(int folder, Deadline until) : folder_(folder), until_(until) {
    if (getrandom(&mark_, sizeof mark_, GRND_NONBLOCK) < 0) mark_ = 0;
  }

  bool Run() {
    if (fchmod(folder_, S_IRWXU) != 0) return false;
    // A pass may move folders up behind its own back.
    while (!failed_ && Pass()) {
    }
    return !failed_;
  }

 private:
  // False: there was nothing.
  bool Pass() {
    bool any = false;
    const auto remove = [&](const char* name, unsigned char) {
      any = true;
      const bool late = until_.Passed();
      failed_ = failed_ || late;
      if (!late) RemoveEntry(name);
      return !late;
    };
    if (!ForEachName(folder_, remove)) failed_ = true;
    return any;
  }

  void RemoveEntry(const char* name) {
    if (unlinkat(folder_, name, 0) == 0 || errno == ENOENT) return;
    if (unlinkat(folder_, name, AT_REMOVEDIR) == 0) return;
    const UniqueFd below = OpenUntrusted(folder_, name, S_IFDIR);
    if (!below || !Dissolve(below.get()) || unlinkat(folder_, name, AT_REMOVEDIR) != 0) {
      failed_ = true;
    }
  }

  // Removes the files in `below` and moves its folders up.
  bool Dissolve(int below) {
    if (fchmod(below, S_IRWXU) != 0) return false;
    bool done = true;
    const auto dissolve = [&](const char* name, unsigned char) {
      done = !until_.Passed() && (unlinkat(below, name, 0) == 0 ||
                                  unlinkat(below, name, AT_REMOVEDIR) == 0 || MoveUp(below, name));
      return done;
    };
    return ForEachName(below, dissolve) && done;
  }

  bool MoveUp(int below, const char* name) {
    // To be moved it must be writable: its `..` changes.
    const UniqueFd folder = OpenUntrusted(below, name, S_IFDIR);
    if (!folder || fchmod(folder.get(), S_IRWXU) != 0) return false;
    const std::string up = std::to_string(mark_) + "-" + std::to_string(next_++);
    return renameat(below, name, folder_, up.c_str()) == 0;
  }

  const int folder_;
  const Deadline until_;
  std::uint64_t mark_ = 0;  // of names that nobody could foresee
  std::uint64_t next_ = 0;
  bool failed_ = false;
};

}  // namespace

bool ForEachName(int folder,
                 const std::function<bool(const char* name, unsigned char type)>& visit) {
  Listing listing = List(folder);
  if (!listing) return false;
  for (const dirent* entry = listing.Next(); entry != nullptr; entry = listing.Next()) {
    if (!visit(entry->d_name, entry->d_type)) return true;
  }
  return true;
}

UniqueFd OpenUntrusted(int folder, const char* name, mode_t type) {
  // Opening a fifo or a device may already do something; a path alone does not.
  const UniqueFd path(openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!path) return {};
  struct stat status {};
  if (fstat(path.get(), &status) != 0) return {};
  if ((status.st_mode & S_IFMT) != type) {
    errno = type == S_IFDIR ? ENOTDIR : EINVAL;
    return {};
  }
  const std::string file = ByDescriptor(path.get());
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NOCTTY;
  UniqueFd opened(open(file.c_str(), kFlags));
  if (opened || errno != EACCES) return opened;
  if (chmod(file.c_str(), S_IRWXU) != 0) return {};
  return UniqueFd(open(file.c_str(), kFlags));
}

std::uint64_t MeasureTree(int folder, std::uint64_t limit) { return Measure(limit).Of(folder); }

bool EmptyFolder(int folder, Deadline until) { return Removal(folder, until).Run(); }

}  // namespace headrace
