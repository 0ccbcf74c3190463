#include "handler/command/program_init.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

namespace headrace {

std::optional<std::string> DieWithKeeper(int keeper) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
    return std::string("PR_SET_PDEATHSIG: ") + std::strerror(errno);
  }
  pollfd ended{keeper, POLLIN, 0};
  if (poll(&ended, 1, 0) != 0) return "the keeper has ended";
  return std::nullopt;
}

void RunInit(pid_t program, int word) {
  // The others are the program's or the keeper's: who waits for their end waits for no init.
  if (word != STDIN_FILENO) dup2(word, STDIN_FILENO);
  close_range(STDIN_FILENO + 1, UINT_MAX, 0);
  int status = 0;
  int other = 0;
  for (pid_t ended = 0; ended != program; ended = waitpid(-1, &other, __WALL)) {
    if (ended < 0 && errno != EINTR) _exit(1);
  }
  status = other;
  // All in the namespace but the caller, at one instant: none of them can fork meanwhile.
  kill(-1, SIGKILL);
  while (waitpid(-1, &other, __WALL) > 0 || errno == EINTR) {
  }
  const ssize_t written = write(STDIN_FILENO, &status, sizeof status);
  _exit(written == sizeof status ? 0 : 1);
}

std::optional<int> ReadInitsWord(int word) {
  int status = 0;
  if (word < 0 || read(word, &status, sizeof status) != sizeof status) return std::nullopt;
  return status;
}

}  // namespace headrace
