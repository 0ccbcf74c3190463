#include "handler/command/find_program.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/words.h"

namespace headrace {
namespace {

bool IsProgram(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::optional<std::string> FindProgram(const std::string& name, std::string_view path) {
  if (name.empty() || name.find('\0') != std::string::npos) return std::nullopt;
  if (name.starts_with('/')) return IsProgram(name) ? std::optional(name) : std::nullopt;
  if (name.find('/') != std::string::npos) return std::nullopt;
  for (const std::string& folder : SplitWords(path, ':')) {
    if (!folder.starts_with('/')) continue;
    std::string file = folder;
    file.append("/").append(name);
    if (IsProgram(file)) return file;
  }
  return std::nullopt;
}

}  // namespace headrace
