#include "handler/command/own_tasks.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "handler/command/folder_tree.h"

namespace headrace {
namespace {

// The number behind `name` in a file like /proc/PID/status; 0 if it is not there.
std::uint64_t NumberBehind(std::string_view name, std::string_view text) {
  const auto at = text.find(name);
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + name.size());
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// The threads of a process if it is this user's; 0 if not. Its folder in /proc does not tell: that
// of an undumpable process is root's.
std::uint64_t OwnThreads(const char* process, uid_t user) {
  const std::string path = "/proc/" + std::string(process) + "/status";
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> buffer{};
  const ssize_t size = file ? read(file.get(), buffer.data(), buffer.size()) : -1;
  if (size <= 0) return 0;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(size));
  // The name of the program, which comes before, has no line break of its own: it is escaped.
  return NumberBehind("\nUid:\t", text) == user ? NumberBehind("\nThreads:\t", text) : 0;
}

}  // namespace

std::uint64_t CountOwnTasks() {
  const uid_t user = getuid();
  std::uint64_t tasks = 0;
  const UniqueFd proc(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!proc) return tasks;
  ForEachName(proc.get(), [&](const char* name, unsigned char) {
    if (name[0] >= '1' && name[0] <= '9') tasks += OwnThreads(name, user);
    return true;
  });
  return tasks;
}

}  // namespace headrace
