#pragma once

#include <optional>
#include <string>
#include <vector>

namespace headrace {

// What a process sees of the file system that has a mount namespace of its own. Paths that do not
// exist are left out.
struct MountView {
  std::vector<std::string> hidden;    // folders of whose content only what is named below is seen
  std::vector<std::string> readable;  // files and folders, seen though they lie in a hidden one
  std::vector<std::string> writable;  // the same, and all that is not read-only
};

// For a process that has just got a user, a mount and a pid namespace of its own, and all rights in
// them; /proc is that of its pid namespace afterwards. Returns the reason why not, or nothing.
std::optional<std::string> EnterMountView(const MountView& view);

}  // namespace headrace
