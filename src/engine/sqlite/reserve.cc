#include "engine/sqlite/reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "base/fd.h"

namespace headrace::sqlite {

Reserve::Reserve(std::string path) : path_(std::move(path)) {
  struct stat status {};
  held_ = stat(path_.c_str(), &status) == 0 && status.st_size == off_t{kBytes};
}

bool Reserve::Take() {
  if (held_) return true;
  const UniqueFd file(open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  held_ = file && posix_fallocate(file.get(), 0, off_t{kBytes}) == 0;
  if (held_) return true;
  // Some file systems keep what they had room for.
  [[maybe_unused]] const int emptied = truncate(path_.c_str(), 0);
  return false;
}

bool Reserve::Release() { return std::exchange(held_, false) && truncate(path_.c_str(), 0) == 0; }

}  // namespace headrace::sqlite
