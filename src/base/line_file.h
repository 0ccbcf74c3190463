#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"

namespace headrace {

// A small file of lines for the service's eyes, such as one of secrets or keys.
struct LineFile {
  struct Line {
    std::size_t number = 0;  // from 1
    std::string text;        // without blanks around it
  };
  std::vector<Line> lines;  // but empty ones, and those that begin with #
  unsigned mode = 0;        // its permissions

  [[nodiscard]] bool OthersMayRead() const { return (mode & 0044U) != 0; }
  [[nodiscard]] bool OthersMayWrite() const { return (mode & 0022U) != 0; }
};

// Reads a regular file of at most `most` bytes; of one that has more, no more than that. Anything
// else, such as a FIFO without a writer, is an error at once, whose hint continues the file's name:
// "is no file". Blocks for as long as the disk takes.
Expected<LineFile> ReadLines(const std::string& path, std::size_t most);

}  // namespace headrace
