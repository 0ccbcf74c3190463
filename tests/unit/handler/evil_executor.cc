// An executor binary whose handler asks the kernel for what no executor should have, as an exploit
// in a document would; under a name that begins with "broad" as one that is linked in. The signals
// that it sends are 0 and its limits change nothing: where a wall is missing, the test fails and
// nothing else happens. Its own name takes a layer of the sandbox away.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "handler/executor/executor_main.h"
#include "headrace/handler.h"
#include "support/take_layer.h"

namespace {

using headrace::Context;
using headrace::Failure;
using headrace::Job;

// Each returns a negative number if the kernel refused.
using Attempt = std::function<long()>;

long OpenOfParent(const char* file) {
  return open(("/proc/" + std::to_string(getppid()) + "/" + file).c_str(), O_RDONLY);
}

long Stat() {
  struct stat status {};
  return stat("/etc/passwd", &status);
}

long ReadLink() {
  std::array<char, 64> target{};
  return readlink("/proc/self/exe", target.data(), target.size());
}

long Execute() {
  std::array<char*, 1> nothing{nullptr};
  return execve("/bin/true", nothing.data(), nothing.data());
}

pid_t GroupOfParent() {
  const pid_t group = getpgid(getppid());
  return group != 0 ? group : getppid();  // its leader is in no namespace of ours
}

long LimitParent() {
  const rlimit none{0, 0};
  return prlimit(getppid(), RLIMIT_CORE, &none, nullptr);
}

long KillChild() {
  const pid_t child = fork();
  if (child == 0) pause();
  const long killed = kill(child, SIGKILL);
  return waitpid(child, nullptr, 0) == child ? killed : -1;
}

long Map(int protection) {
  void* const memory =
      mmap(nullptr, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, /*fd=*/-1, /*offset=*/0);
  return memory == MAP_FAILED ? -1 : 0;
}

long Protect() {
  void* const memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                            /*fd=*/-1, /*offset=*/0);
  return mprotect(memory, 4096, PROT_READ | PROT_EXEC);
}

const std::map<std::string, Attempt>& Attempts() {
  static const std::map<std::string, Attempt> kAttempts{
      {"open", [] { return open("/etc/passwd", O_RDONLY); }},
      {"create", [] { return open("/tmp/headrace-evil", O_WRONLY | O_CREAT, 0600); }},
      {"stat", Stat},
      {"access", [] { return access("/etc/passwd", R_OK); }},
      {"readlink", ReadLink},
      {"parent-environ", [] { return OpenOfParent("environ"); }},
      {"parent-mem", [] { return OpenOfParent("mem"); }},
      {"limit-parent", LimitParent},
      {"executable-memory", [] { return Map(PROT_READ | PROT_WRITE | PROT_EXEC); }},
      {"protect-executable", Protect},
      {"socket", [] { return socket(AF_INET, SOCK_STREAM, 0); }},
      {"socketpair",
       [] {
         std::array<int, 2> ends{};
         return socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data());
       }},
      {"fork", [] { return fork(); }},
      {"clone3", [] { return syscall(SYS_clone3, nullptr, 0); }},
      {"execute", Execute},
      {"ptrace-parent", [] { return ptrace(PTRACE_SEIZE, getppid(), nullptr, nullptr); }},
      {"kill-parent", [] { return kill(getppid(), 0); }},
      {"kill-everybody", [] { return kill(-1, 0); }},
      {"kill-group-of-parent", [] { return kill(-GroupOfParent(), 0); }},
      {"kill-child", KillChild},
      {"signal-parent", [] { return syscall(SYS_tgkill, getppid(), getppid(), 0); }},
      {"signals-by-descriptor", [] { return fcntl(3, F_SETOWN, getppid()); }},
      {"memfd", [] { return memfd_create("mine", 0); }},
      {"unlink", [] { return unlink("/tmp/headrace-evil"); }},
      {"io-uring", [] { return syscall(SYS_io_uring_setup, 1, nullptr); }},
      {"write-parent-memory",
       [] { return syscall(SYS_process_vm_writev, getppid(), nullptr, 0, nullptr, 0, 0); }},
      {"signal-self", [] { return std::raise(0); }},
      {"nothing", [] { return 0; }},
  };
  return kAttempts;
}

class EvilHandler final : public headrace::Handler {
 public:
  std::optional<Failure> Run(const Job& job, Context& context) override {
    const std::string& wish = job.params.at("do");
    if (wish == "echo") {
      static_cast<void>(context.AddPart("echo", "text/plain", job.payload));
      return std::nullopt;
    }
    errno = 0;
    const long result = Attempts().at(wish)();
    const std::string text = result < 0 ? strerrorname_np(errno) : "granted";
    static_cast<void>(context.AddPart("answer", "text/plain", std::as_bytes(std::span(text))));
    return std::nullopt;
  }
};

}  // namespace

int main(int argc, char** argv) {
  const std::string name = std::filesystem::path(argv[0]).filename();
  const auto without = name.find("-without-");
  if (without != std::string::npos &&
      !headrace::testing_support::TakeLayerAway(name.substr(without + 9))) {
    return 9;
  }
  EvilHandler handler;
  const bool broad = name.starts_with("broad");
  return headrace::ExecutorMain(
      argc, argv, handler,
      broad ? headrace::ExecutorProfile::kBroad : headrace::ExecutorProfile::kMinimal);
}
