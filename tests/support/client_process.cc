#include "support/client_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>

#include "base/fd.h"
#include "support/event.h"

namespace headrace::testing_support {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(const std::vector<std::string>& more) {
  std::vector<std::string> variables = more;
  for (char** variable = ::environ; *variable != nullptr; ++variable) {
    if (std::string_view(*variable).substr(0, 9) != "HEADRACE_") variables.emplace_back(*variable);
  }
  return variables;
}

}  // namespace

ClientProcess::ClientProcess(const std::vector<std::string>& arguments, const Options& options) {
  std::vector<std::string> words{HEADRACE_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = Environment(options.environment);
  const std::string input = dir_.path() / "in";
  std::ofstream(input, std::ios::binary) << options.input;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  const auto open = [&](int fd, const char* name, int flags) {
    ::posix_spawn_file_actions_addopen(&actions, fd, (dir_.path() / name).c_str(), flags, 0600);
  };
  open(STDIN_FILENO, "in", O_RDONLY);
  open(STDOUT_FILENO, "out", O_WRONLY | O_CREAT | O_APPEND);
  open(STDERR_FILENO, "err", O_WRONLY | O_CREAT | O_APPEND);
  ::posix_spawn_file_actions_addchdir_np(&actions, dir_.path().c_str());
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t usual;
  sigemptyset(&usual);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&usual, signal);
  if (options.nohup) sigdelset(&usual, SIGHUP);
  ::posix_spawnattr_setsigdefault(&attributes, &usual);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const auto hangup = ::signal(SIGHUP, options.nohup ? SIG_IGN : SIG_DFL);
  rlimit before{};
  ::getrlimit(RLIMIT_DATA, &before);
  if (options.memory > 0) {
    const rlimit less{options.memory, before.rlim_max};
    ::setrlimit(RLIMIT_DATA, &less);
  }
  if (::posix_spawn(&pid_, words.front().c_str(), &actions, &attributes, Pointers(words).data(),
                    Pointers(variables).data()) != 0) {
    pid_ = 0;
  }
  ::setrlimit(RLIMIT_DATA, &before);
  ::signal(SIGHUP, hangup);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
}

ClientProcess::~ClientProcess() {
  if (pid_ == 0) return;
  Signal(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void ClientProcess::Signal(int signal) const { ::kill(pid_, signal); }

std::string ClientProcess::Text(const char* name) const {
  std::ifstream stream(dir_.path() / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

bool ClientProcess::AwaitError(const std::string& text) const {
  return Eventually([&] { return Text("err").find(text) != std::string::npos; });
}

ClientEnd ClientProcess::Wait(Deadline deadline) {
  ClientEnd end;
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  pollfd entry{pidfd.get(), POLLIN, 0};
  if (::poll(&entry, 1, deadline.PollTimeout()) != 1) return end;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = 0;
  if (WIFEXITED(status)) end.status = WEXITSTATUS(status);
  end.out = Text("out");
  end.err = Text("err");
  return end;
}

ClientEnd RunClient(const std::vector<std::string>& arguments,
                    const ClientProcess::Options& options) {
  return ClientProcess(arguments, options).Wait();
}

}  // namespace headrace::testing_support
