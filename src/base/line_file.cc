#include "base/line_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/fd.h"
#include "base/text_file.h"

namespace headrace {
namespace {

std::string_view Trimmed(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t first = line.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kBlanks) - first + 1);
}

Error Wrong(std::string hint) {
  return Error{ErrorCode::kInvalidArgument, "", std::move(hint), "", 0};
}

}  // namespace

Expected<LineFile> ReadLines(const std::string& path, std::size_t most) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  if (!file || fstat(file.get(), &about) != 0) {
    return Wrong("cannot be opened: " + std::generic_category().message(errno));
  }
  if (!S_ISREG(about.st_mode)) return Wrong("is no file");
  const auto text = ReadText(file.get(), most);
  if (!text) return text.error();
  LineFile result;
  result.mode = about.st_mode & 07777U;
  std::string_view rest = *text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = Trimmed(rest.substr(0, end));
    if (!line.empty() && line.front() != '#') {
      result.lines.push_back({number, std::string(line)});
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return result;
}

}  // namespace headrace
