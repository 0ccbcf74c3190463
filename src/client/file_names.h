#pragma once

#include <set>
#include <string>
#include <string_view>

namespace headrace {

// A name for a file that a stranger has named: never a path, never hidden, never an option of a
// command, no longer than 200 bytes, and nothing in it that a terminal would obey. Names that are
// good stay as they are.
std::string SafeFileName(std::string_view name);

// Names for the files of one folder: the second of two equal ones becomes name-2.png.
class UniqueNames {
 public:
  std::string Take(const std::string& name);

 private:
  std::set<std::string> taken_;
};

}  // namespace headrace
