#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace headrace {

// A file by what no name can hide.
using FileId = std::pair<dev_t, ino_t>;
FileId IdOf(int fd);

// What the files take that the threads in `tasks` (/proc/PID/task/TID) have open and that have no
// name: deleted ones and memfds, but those of `known`. No walk through a folder finds these. Stops
// once it is more than `limit`.
std::uint64_t MeasureHidden(const std::vector<std::string>& tasks, const std::vector<FileId>& known,
                            std::uint64_t limit);

}  // namespace headrace
