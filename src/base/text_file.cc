#include "base/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/fd.h"
#include "base/units.h"

namespace headrace {
namespace {

Error Wrong(std::string hint) {
  return Error{ErrorCode::kInvalidArgument, "", std::move(hint), "", 0};
}

Error Unreadable() {
  return Wrong(fmt::format("cannot be read: {}", std::generic_category().message(errno)));
}

}  // namespace

// Not by a stream: an iterator over its buffer throws where it is a folder.
Expected<std::string> ReadTextFile(const std::string& path, std::size_t most) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file ? ReadText(file.get(), most) : Unreadable();
}

Expected<std::string> ReadText(int file, std::size_t most) {
  std::string text;
  std::array<char, std::size_t{64} << 10U> some{};
  while (true) {
    const ssize_t size = read(file, some.data(), some.size());
    if (size == 0) return text;
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Unreadable();
    text.append(some.data(), static_cast<std::size_t>(size));
    if (text.size() > most) return Wrong("is larger than " + FormatSize(most));
  }
}

}  // namespace headrace
