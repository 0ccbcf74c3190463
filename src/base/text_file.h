#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"

namespace headrace {

// All of a file, of a pipe too: reads to its end. Does not throw. The error's hint continues the
// file's name: "cannot be read: Is a directory", "is larger than 16MiB". `most` in bytes.
Expected<std::string> ReadTextFile(const std::string& path, std::size_t most);
// The same of one that is open, from where it stands.
Expected<std::string> ReadText(int file, std::size_t most);

}  // namespace headrace
