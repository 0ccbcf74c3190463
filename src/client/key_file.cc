#include "client/key_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "client/exit_codes.h"
#include "client/input.h"

namespace headrace {
namespace {

constexpr std::size_t kMostKeyFile = 8'192;  // bytes

}  // namespace

Expected<ClientKey> ReadKeyFile(const std::string& path) {
  auto text = ReadSmallFile(path, kMostKeyFile);
  if (!text) return Refusal("the key: " + text.error().hint);
  ClientKey file;
  const std::string line = text->substr(0, text->find('\n'));
  const auto first = line.find_first_not_of(" \t\r");
  if (first != std::string::npos) {
    file.key = line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
  }
  if (file.key.empty() || !std::all_of(file.key.begin(), file.key.end(),
                                       [](char c) { return c > ' ' && c < '\x7f'; })) {
    return Refusal(fmt::format(
        "{} holds no key; it must be its first line, of visible ASCII characters", path));
  }
  struct stat status {};
  constexpr mode_t kOthers = S_IRGRP | S_IROTH | S_IWGRP | S_IWOTH;
  if (::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
      (status.st_mode & kOthers) != 0) {
    file.warning = fmt::format("others may read the key in {}; chmod 600 keeps it yours", path);
  }
  return file;
}

}  // namespace headrace
