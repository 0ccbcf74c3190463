#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/fd.h"
#include "http/raw_client.h"

namespace headrace {

// The server's process. Ended by the end of its input, or killed.
class EdgeProcess {
 public:
  // `variable` is the environment's, and names the program.
  explicit EdgeProcess(const char* variable) {
    const char* const program = std::getenv(variable);
    int in[2];
    int out[2];
    if (program == nullptr || pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], STDIN_FILENO);
      dup2(out[1], STDOUT_FILENO);
      execl(program, program, nullptr);
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    to_.reset(in[1]);
    from_.reset(out[0]);
    port_ = static_cast<std::uint16_t>(std::atoi(Line().c_str()));
  }
  EdgeProcess(const EdgeProcess&) = delete;
  EdgeProcess& operator=(const EdgeProcess&) = delete;
  ~EdgeProcess() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  [[nodiscard]] RawClient Connect() const { return RawClient(port_); }

  // True once the server says that it takes no more connections.
  bool StopAccepting() { return AskToStopAccepting() && HasStoppedAccepting(); }
  [[nodiscard]] bool AskToStopAccepting() const { return write(to_.get(), "\n", 1) == 1; }
  bool HasStoppedAccepting() { return Line() == "stopped"; }

  // Its threads stand still in between.
  void Pause() const { kill(pid_, SIGSTOP); }
  void Resume() const { kill(pid_, SIGCONT); }

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool Alive() const { return waitpid(pid_, nullptr, WNOHANG) == 0; }

 private:
  std::string Line() {
    std::string line;
    pollfd entry{from_.get(), POLLIN, 0};
    for (char c = 0; poll(&entry, 1, 10'000) == 1 && read(from_.get(), &c, 1) == 1 && c != '\n';) {
      line += c;
    }
    return line;
  }

  pid_t pid_ = -1;
  UniqueFd to_;
  UniqueFd from_;
  std::uint16_t port_ = 0;
};

}  // namespace headrace
