#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace headrace {

// The path of the program that `name` means: itself where it is absolute, else the first file of
// that name in the absolute folders of `path` (as in PATH). Nothing if it is no file that this
// process may execute; a relative path with a slash never is.
std::optional<std::string> FindProgram(const std::string& name, std::string_view path);

}  // namespace headrace
