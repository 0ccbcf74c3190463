#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "command/evil_command.h"

namespace {

constexpr std::size_t kPiece = std::size_t{1} << 20U;

bool Write(int fd, std::size_t pieces) {
  const std::vector<char> bytes(kPiece, 'x');
  for (std::size_t i = 0; i < pieces; ++i) {
    if (write(fd, bytes.data(), bytes.size()) <= 0) return false;
  }
  return true;
}

int Create(const std::string& name) { return open(name.c_str(), O_RDWR | O_CREAT, 0600); }

}  // namespace

// Files of 4 MiB without end.
int FillFiles(const std::vector<std::string>& /*arguments*/) {
  constexpr std::size_t kPieces = 4;
  for (int i = 0;; ++i) {
    const int fd = Create("file-" + std::to_string(i));
    if (fd < 0 || !Write(fd, kPieces)) return 1;
    close(fd);
  }
}

// The same, none of them with a name.
int FillUnlinked(const std::vector<std::string>& /*arguments*/) {
  constexpr std::size_t kPieces = 4;
  while (true) {
    const int fd = Create("file");
    if (fd < 0 || unlink("file") != 0 || !Write(fd, kPieces)) return 1;
  }
}

int FillMemoryFiles(const std::vector<std::string>& /*arguments*/) {
  constexpr std::size_t kPieces = 4;
  while (true) {
    const int fd = memfd_create("evil", 0);
    if (fd < 0 || !Write(fd, kPieces)) return 1;
  }
}

int ManyFiles(const std::vector<std::string>& /*arguments*/) {
  for (int i = 0;; ++i) close(Create("file-" + std::to_string(i)));
}

// arguments[2]: how deep. A long name makes its path longer than any path may be.
int DeepFolders(const std::vector<std::string>& arguments) {
  const std::string name(100, 'd');
  for (int i = std::atoi(arguments.at(2).c_str()); i > 0; --i) {
    if (mkdir(name.c_str(), 0700) != 0 || chdir(name.c_str()) != 0) return 1;
    close(Create("file"));
  }
  return 0;
}

// Folders that nobody may enter, its own among them.
int DarkFolders(const std::vector<std::string>& /*arguments*/) {
  if (mkdir("dark", 0700) != 0 || mkdir("dark/below", 0700) != 0) return 1;
  close(Create("dark/below/file"));
  chmod("dark/below/file", 0);
  chmod("dark/below", 0);
  chmod("dark", 0);
  chmod("../output", 0);
  chmod("..", 0);
  return 0;
}

// arguments[2]: the folder of output; [3]: a path behind an `=`, to be reached through it.
int ReplaceOutput(const std::vector<std::string>& arguments) {
  const std::string& target = arguments.at(3).substr(1);
  if (rmdir(arguments.at(2).c_str()) != 0) return 1;
  return symlink(target.c_str(), arguments.at(2).c_str()) == 0 ? 0 : 1;
}

// One file among all that is none; [3] as above.
int OddOutput(const std::vector<std::string>& arguments) {
  const std::string target = arguments.at(3).substr(1);
  if (chdir(arguments.at(2).c_str()) != 0) return 1;
  if (symlink(target.c_str(), "link") != 0 || mkfifo("fifo", 0600) != 0) return 1;
  mkdir("folder", 0700);
  const int fd = Create("real.txt");
  if (write(fd, "real", 4) != 4) return 1;
  return fchmod(fd, 0) == 0 ? 0 : 1;
}
