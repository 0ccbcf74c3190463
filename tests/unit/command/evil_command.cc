// Programs that a keeper must be able to contain, one for each first argument. They end by
// themselves only where that is what they are about.

#include "command/evil_command.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#ifdef HEADRACE_SANITIZED
// Leaks are looked for by ptrace, which it is refused.
extern "C" const char* __asan_default_options();  // NOLINT(bugprone-reserved-identifier): theirs
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }  // NOLINT
#endif

namespace {

using Arguments = std::vector<std::string>;

[[noreturn]] void Hang() {
  while (true) pause();
}

void Say(const char* text) {
  [[maybe_unused]] const ssize_t size = write(STDERR_FILENO, text, std::strlen(text));
}

// All of them deaf; says so once there is no room for more.
int ForkBomb(const Arguments& /*arguments*/) {
  signal(SIGTERM, SIG_IGN);
  bool said = false;
  while (true) {
    if (fork() >= 0 || said) continue;
    said = true;
    Say("ready\n");
  }
}

// Every process hands over to its child and ends; the first one last of all, to be told.
int Comet(const Arguments& /*arguments*/) {
  if (fork() != 0) {
    usleep(50'000);  // so that the keeper finds it under way
    return 0;
  }
  setsid();
  while (true) {
    const pid_t child = fork();
    if (child > 0) _exit(0);
  }
}

// Nobody's child, in a session of its own, deaf, with the standard output.
int Daemon(const Arguments& /*arguments*/) {
  if (fork() == 0) {
    setsid();
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (fork() != 0) _exit(0);
    Say("daemon\n");
    Hang();
  }
  char byte = 0;
  return read(STDIN_FILENO, &byte, 0) == 0 ? 0 : 1;
}

int IgnoreTerm(const Arguments& /*arguments*/) {
  signal(SIGTERM, SIG_IGN);
  for (int i = 0; i < 3; ++i) fork();
  Say("ready\n");
  Hang();
}

int StopSelf(const Arguments& /*arguments*/) {
  Say("ready\n");
  kill(getpid(), SIGSTOP);
  Hang();
}

// A first thread that has ended before the others looks like a zombie.
int HeadlessThreads(const Arguments& /*arguments*/) {
  pthread_t thread{};
  pthread_create(
      &thread, nullptr,
      [](void*) -> void* {
        Say("ready\n");
        Hang();
      },
      nullptr);
  syscall(SYS_exit, 0);
  return 0;
}

int Spin(const Arguments& arguments) {
  if (arguments.size() > 2) signal(SIGXCPU, SIG_IGN);
  volatile unsigned count = 0;
  while (true) count = count + 1;
}

int Hog(const Arguments& /*arguments*/) {
  constexpr std::size_t kPiece = std::size_t{1} << 20U;
  for (int pieces = 0;; ++pieces) {
    void* const memory =
        mmap(nullptr, kPiece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      std::printf("%d\n", pieces);
      return 7;
    }
    std::memset(memory, 1, kPiece);
  }
}

int Flood(const Arguments& arguments) {
  const int fd = std::atoi(arguments.at(2).c_str());
  signal(SIGXFSZ, arguments.size() > 3 ? SIG_IGN : SIG_DFL);
  const std::vector<char> bytes(std::size_t{1} << 20U, 'x');
  while (write(fd, bytes.data(), bytes.size()) > 0) {
  }
  return 1;
}

int CloseAndHang(const Arguments& /*arguments*/) {
  close(STDIN_FILENO);
  close(STDOUT_FILENO);
  close(STDERR_FILENO);
  Hang();
}

// Starts as many as it can, all waiting, and says how many there are with itself.
int Count(const Arguments& /*arguments*/) {
  int count = 1;
  for (pid_t child = fork(); child >= 0; child = fork()) {
    if (child == 0) Hang();
    ++count;
  }
  std::printf("%d\n", count);
  return 0;
}

long Open(const std::string& path, int flags) { return open(path.c_str(), flags, 0600); }

long ReadMemory(pid_t pid) {
  char byte = 0;
  const iovec own{&byte, 1};
  return process_vm_readv(pid, &own, 1, &own, 1, 0);
}

// Tries to get at a process and a file; prints what it was not refused.
int Reach(const Arguments& arguments) {
  const auto pid = static_cast<pid_t>(std::atol(arguments.at(2).c_str()));
  const std::string& secret = arguments.at(3).substr(1);  // so that it is no path of argv
  const std::string proc = "/proc/" + std::to_string(pid);
  const rlimit limit{0, 0};
  const std::vector<std::pair<const char*, std::function<long()>>> tries{
      {"kill", [&] { return long{kill(pid, SIGKILL)}; }},
      {"stop", [&] { return long{kill(pid, SIGSTOP)}; }},
      {"group", [&] { return long{kill(-pid, SIGKILL)}; }},
      {"everybody", [] { return long{kill(-1, SIGKILL)}; }},
      {"keeper", [] { return long{kill(getppid(), SIGKILL)}; }},
      {"tgkill", [&] { return syscall(SYS_tgkill, pid, pid, SIGKILL); }},
      {"tkill", [&] { return syscall(SYS_tkill, pid, SIGKILL); }},
      {"prlimit", [&] { return long{prlimit(pid, RLIMIT_CPU, &limit, nullptr)}; }},
      {"ptrace", [&] { return ptrace(PTRACE_ATTACH, pid, nullptr, nullptr); }},
      {"memory", [&] { return ReadMemory(pid); }},
      {"mem", [&] { return Open(proc + "/mem", O_RDWR); }},
      {"environ", [&] { return Open(proc + "/environ", O_RDONLY); }},
      {"maps", [&] { return Open(proc + "/maps", O_RDONLY); }},
      {"cmdline", [&] { return Open(proc + "/cmdline", O_RDONLY); }},
      {"oom_score_adj", [&] { return Open(proc + "/oom_score_adj", O_WRONLY); }},
      {"root", [&] { return Open(proc + "/root" + secret, O_RDONLY); }},
      {"secret", [&] { return Open(secret, O_RDONLY); }},
      {"overwrite", [&] { return Open(secret, O_WRONLY | O_TRUNC); }},
      {"beside", [&] { return Open(secret + ".new", O_WRONLY | O_CREAT); }},
      {"remove", [&] { return long{unlink(secret.c_str())}; }},
      {"hard_link", [&] { return long{link(secret.c_str(), "stolen")}; }},
      {"rename", [&] { return long{rename(secret.c_str(), "stolen")}; }},
      {"tmp", [] { return Open("/tmp/headrace-evil", O_WRONLY | O_CREAT); }},
      {"shm", [] { return Open("/dev/shm/headrace-evil", O_WRONLY | O_CREAT); }},
      {"inet", [] { return long{socket(AF_INET, SOCK_STREAM, 0)}; }},
      {"inet6", [] { return long{socket(AF_INET6, SOCK_DGRAM, 0)}; }},
      {"unix", [] { return long{socket(AF_UNIX, SOCK_STREAM, 0)}; }},
      {"netlink", [] { return long{socket(AF_NETLINK, SOCK_RAW, 0)}; }},
      {"user_namespace", [] { return syscall(SYS_unshare, CLONE_NEWUSER); }},
      {"undumpable", [] { return long{prctl(PR_SET_DUMPABLE, 0)}; }},
      {"shared_memory", [] { return syscall(SYS_shmget, 0, 4096, 0600); }},
  };
  int granted = 0;
  for (const auto& [name, attempt] : tries) {
    if (attempt() < 0) continue;
    std::printf("%s\n", name);
    ++granted;
  }
  std::printf("tried %zu\n", tries.size());
  return granted;
}

const std::map<std::string, int (*)(const Arguments&)>& Evils() {
  static const std::map<std::string, int (*)(const Arguments&)> kEvils{
      {"fork-bomb", ForkBomb},
      {"comet", Comet},
      {"daemon", Daemon},
      {"ignore-term", IgnoreTerm},
      {"stop-self", StopSelf},
      {"headless-threads", HeadlessThreads},
      {"spin", Spin},
      {"hog", Hog},
      {"flood", Flood},
      {"close-and-hang", CloseAndHang},
      {"count", Count},
      {"reach", Reach},
      {"fill", FillFiles},
      {"fill-unlinked", FillUnlinked},
      {"fill-memory-files", FillMemoryFiles},
      {"many-files", ManyFiles},
      {"deep", DeepFolders},
      {"dark", DarkFolders},
      {"replace-output", ReplaceOutput},
      {"odd-output", OddOutput},
  };
  return kEvils;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments(argv, argv + argc);
  if (argc < 2) return 2;
  const auto found = Evils().find(arguments[1]);
  return found == Evils().end() ? 2 : found->second(arguments);
}
