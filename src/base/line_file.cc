#include "base/line_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/fd.h"

namespace headrace {
namespace {

// Nothing, with `error` set, if it cannot be read.
std::optional<std::string> ReadAll(int file, std::size_t most, std::string& error) {
  std::string text;
  std::array<char, 4096> some{};
  while (text.size() <= most) {
    const ssize_t got = read(file, some.data(), some.size());
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      error = std::generic_category().message(errno);
      return std::nullopt;
    }
    text.append(some.data(), static_cast<std::size_t>(got));
  }
  error = fmt::format("is longer than {} bytes", most);
  return std::nullopt;
}

std::string_view Trimmed(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t first = line.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
}

LineFile Fail(LineFile file, const std::string& path, std::string why) {
  file.problem = path + ": " + why;
  file.why = std::move(why);
  return file;
}

}  // namespace

LineFile ReadLines(const std::string& path, std::size_t most) {
  LineFile result;
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  if (!file || fstat(file.get(), &about) != 0) {
    return Fail(result, path, "cannot be opened: " + std::generic_category().message(errno));
  }
  if (!S_ISREG(about.st_mode)) return Fail(result, path, "is no file");
  result.mode = about.st_mode & 07777U;
  std::string error;
  const auto text = ReadAll(file.get(), most, error);
  if (!text) return Fail(result, path, error);
  std::string_view rest = *text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = Trimmed(rest.substr(0, end));
    if (!line.empty() && line.front() != '#') {
      result.lines.push_back({number, fmt::format("{}:{}", path, number), std::string(line)});
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return result;
}

}  // namespace headrace
