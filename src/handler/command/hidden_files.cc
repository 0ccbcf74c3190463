#include "handler/command/hidden_files.h"

#include <fcntl.h>

#include <algorithm>
#include <set>

#include "base/fd.h"
#include "handler/command/folder_tree.h"

namespace headrace {

FileId IdOf(int fd) {
  struct stat status {};
  if (fd < 0 || fstat(fd, &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

std::uint64_t MeasureHidden(const std::vector<std::string>& tasks, const std::vector<FileId>& known,
                            std::uint64_t limit) {
  constexpr std::uint64_t kBlock = 512;
  std::set<FileId> seen(known.begin(), known.end());
  std::uint64_t bytes = 0;
  for (const std::string& task : tasks) {
    const std::string path = task + "/fd";
    const UniqueFd folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) continue;  // it has ended
    ForEachName(folder.get(), [&](const char* name, unsigned char) {
      struct stat status {};
      if (fstatat(folder.get(), name, &status, 0) != 0) return true;
      if (!S_ISREG(status.st_mode) || status.st_nlink != 0) return true;
      if (!seen.emplace(status.st_dev, status.st_ino).second) return true;
      bytes += std::max(static_cast<std::uint64_t>(status.st_blocks) * kBlock, kLeastOfFile);
      return bytes <= limit;
    });
    if (bytes > limit) break;
  }
  return bytes;
}

}  // namespace headrace
