#include "client/input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/fd.h"
#include "base/memfd.h"
#include "base/words.h"
#include "client/exit_codes.h"

namespace headrace {
namespace {

// The descriptor that a path means. The program is not dumpable, so that /proc/self/fd, where
// /dev/stdin and a shell's <(command) point to, is closed to it.
std::optional<int> DescriptorOf(std::string_view path) {
  if (path == "-" || path == "/dev/stdin") return STDIN_FILENO;
  for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
    if (path.starts_with(folder)) return ParseNumberAll<int>(path.substr(folder.size()));
  }
  return std::nullopt;
}

Error Unreadable(const std::string& path, int error) {
  return Refusal(
      fmt::format("cannot read {}: {}", path == "-" ? "standard input" : path, SystemText(error)));
}

Expected<UniqueFd> OpenPath(const std::string& path) {
  const auto given = DescriptorOf(path);
  UniqueFd file(given ? ::fcntl(*given, F_DUPFD_CLOEXEC, 0)
                      : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return Unreadable(path, errno);
  return file;
}

// One without a name, for as long as it is open.
Expected<UniqueFd> TemporaryFile() {
  const char* const variable = std::getenv("TMPDIR");
  const std::string folder = variable != nullptr && *variable != '\0' ? variable : "/tmp";
  UniqueFd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (file) return file;
  std::string name = folder + "/headrace-XXXXXX";  // not every file system has O_TMPFILE
  file.reset(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) {
    return Refusal(fmt::format("cannot keep the input in {}: {} (TMPDIR names another folder)",
                               folder, SystemText(errno)));
  }
  ::unlink(name.c_str());
  return file;
}

// Whether there is something to read, or an end; nothing: cancelled.
bool AwaitInput(int fd, const CancelToken& cancel) {
  std::array<pollfd, 2> entries{{{fd, POLLIN, 0}, {cancel.PollFd(), POLLIN, 0}}};
  while (::poll(entries.data(), entries.size(), -1) < 0 && errno == EINTR) {
  }
  return !cancel.Cancelled();
}

Expected<Payload> Spool(const std::string& path, int fd, const CancelToken& cancel) {
  auto file = TemporaryFile();
  if (!file) return std::move(file).error();
  std::size_t size = 0;
  std::array<std::byte, std::size_t{64} << 10> buffer{};
  while (AwaitInput(fd, cancel)) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got == 0) return Payload::FromFile(*std::move(file), size);
    if (got < 0) {
      if (errno == EAGAIN || errno == EINTR) continue;
      return Unreadable(path, errno);
    }
    const auto bytes = std::span(buffer).first(static_cast<std::size_t>(got));
    if (!WriteAll(file->get(), bytes)) {
      return Refusal(fmt::format("cannot keep the input: {}", SystemText(errno)));
    }
    size += bytes.size();
  }
  return Interrupted();
}

}  // namespace

Expected<Payload> OpenInput(const std::string& path, const CancelToken& cancel) {
  auto file = OpenPath(path);
  if (!file) return std::move(file).error();
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) return Unreadable(path, errno);
  if (S_ISDIR(status.st_mode)) return Unreadable(path, EISDIR);
  // Of a file that somebody has begun to read, the rest is meant.
  const bool whole = S_ISREG(status.st_mode) && ::lseek(file->get(), 0, SEEK_CUR) == 0;
  if (!whole) return Spool(path, file->get(), cancel);
  return Payload::FromFile(*std::move(file), static_cast<std::size_t>(status.st_size));
}

Expected<std::string> ReadSmallFile(const std::string& path, std::size_t most) {
  auto file = OpenPath(path);
  if (!file) return std::move(file).error();
  std::string text(most + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file->get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unreadable(path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > most) return Refusal(fmt::format("{} is longer than {} bytes", path, most));
  text.resize(size);
  return text;
}

std::string SystemText(int error) { return std::generic_category().message(error); }

}  // namespace headrace
