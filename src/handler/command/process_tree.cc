#include "handler/command/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/words.h"
#include "handler/command/program_init.h"

namespace headrace {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTick{100};

struct Process {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = 0;
  std::uint64_t threads = 0;
  std::uint64_t started = 0;  // with pid, no other process's ever

  // A first thread that has ended before the others looks like a zombie.
  [[nodiscard]] bool Dead() const { return state == 'X' || (state == 'Z' && threads <= 1); }
};

template <class Number>
bool ParseNumber(std::string_view text, Number& number) {
  const auto parsed = ParseNumberAll<Number>(text);
  if (parsed) number = *parsed;
  return parsed.has_value();
}

// The fields of /proc/PID/stat that follow the name, which may hold anything.
std::optional<Process> ParseStat(pid_t pid, std::string_view text) {
  constexpr int kParent = 1;
  constexpr int kThreads = 17;
  constexpr int kStarted = 19;
  const auto name_end = text.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 >= text.size()) return std::nullopt;
  text.remove_prefix(name_end + 2);
  Process process;
  process.pid = pid;
  process.state = text.front();
  for (int field = 0; field <= kStarted; ++field) {
    const auto end = text.find(' ');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view word = text.substr(0, end);
    if (field == kParent && !ParseNumber(word, process.parent)) return std::nullopt;
    if (field == kThreads && !ParseNumber(word, process.threads)) return std::nullopt;
    if (field == kStarted && !ParseNumber(word, process.started)) return std::nullopt;
    text.remove_prefix(end + 1);
  }
  return process;
}

std::optional<Process> ReadStat(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 1024> text{};
  const ssize_t size = file ? read(file.get(), text.data(), text.size()) : -1;
  if (size <= 0) return std::nullopt;
  return ParseStat(pid, {text.data(), static_cast<std::size_t>(size)});
}

// The entries of the folder that are numbers.
std::vector<pid_t> NumbersAt(const std::string& folder) {
  std::vector<pid_t> numbers;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(folder.c_str()), &closedir);
  if (!stream) return numbers;
  for (const dirent* entry = readdir(stream.get()); entry != nullptr;
       entry = readdir(stream.get())) {
    pid_t number = 0;
    if (ParseNumber(std::string_view(entry->d_name), number)) numbers.push_back(number);
  }
  return numbers;
}

// `task`: a thread's folder in /proc.
std::vector<pid_t> ChildrenOf(const std::string& task) {
  std::vector<pid_t> children;
  std::ifstream file(task + "/children");
  for (pid_t pid = 0; file >> pid;) children.push_back(pid);
  return children;
}

std::string TaskFolder(pid_t process) { return "/proc/" + std::to_string(process) + "/task"; }

// Calls `visit` with every thread of every process below this one, as their parents tell. A
// fraction of the work of Below where many programs run, but it may miss what is being started or
// handed over.
void WalkChildren(const std::function<void(pid_t process, pid_t task)>& visit) {
  std::vector<pid_t> open = ChildrenOf("/proc/thread-self");
  while (!open.empty()) {
    const pid_t process = open.back();
    open.pop_back();
    for (const pid_t task : NumbersAt(TaskFolder(process))) {
      visit(process, task);
      const auto children = ChildrenOf(TaskFolder(process) + "/" + std::to_string(task));
      open.insert(open.end(), children.begin(), children.end());
    }
  }
}

// Every process that there is. `early` is called with each as soon as it is read.
std::map<pid_t, Process> AllProcesses(const std::function<void(const Process&)>& early) {
  std::map<pid_t, Process> all;
  for (const pid_t pid : NumbersAt("/proc")) {
    const auto process = ReadStat(pid);
    if (!process) continue;
    if (early) early(*process);
    all.emplace(pid, *process);
  }
  return all;
}

bool DescendsFrom(pid_t ancestor, pid_t pid, const std::map<pid_t, Process>& all) {
  // So many steps only: parents were read at different times and might form a ring.
  for (std::size_t steps = 0; steps <= all.size(); ++steps) {
    const auto found = all.find(pid);
    if (found == all.end()) return false;
    pid = found->second.parent;
    if (pid == ancestor) return true;
  }
  return false;
}

// Those below this process, the dead among them.
std::vector<Process> Below(const std::function<void(const Process&)>& early = {}) {
  const pid_t self = getpid();
  const auto all = AllProcesses(early);
  std::vector<Process> below;
  for (const auto& [pid, process] : all) {
    if (DescendsFrom(self, pid, all)) below.push_back(process);
  }
  return below;
}

// The number of a process that is not our child may mean another one by now: it is held by a
// descriptor and looked at again before.
void SendSignal(const Process& process, int signal) {
  if (process.parent == getpid()) {  // ours to reap, so it keeps its number
    kill(process.pid, signal);
    return;
  }
  const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0)));
  const auto now = ReadStat(process.pid);
  if (!pidfd || !now || now->started != process.started) return;
  syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0);
}

// Stops all below this process, so that none can start another one while it is killed. Nothing is
// reaped meanwhile: who forks and exits as fast as it can uses up its own RLIMIT_NPROC.
class Freeze {
 public:
  void Run() {
    // A process that got the signal forks no more. Two passes without a new one: the first may have
    // missed one whose parent ended under its eyes.
    int quiet = 0;
    for (int pass = 0; quiet < 2 && pass < kMostPasses; ++pass) {
      found_new_ = false;
      const auto below = Below([this](const Process& process) {
        // At once: by the end of the pass it may have handed over to its own child.
        if (process.parent == getpid()) Stop(process);
      });
      for (const Process& process : below) Stop(process);
      quiet = found_new_ ? 0 : quiet + 1;
    }
  }

 private:
  // Only who is not bound by RLIMIT_NPROC gets that far; killing goes on in passes as well.
  static constexpr int kMostPasses = 1000;

  void Stop(const Process& process) {
    if (process.Dead() || !stopped_.emplace(process.pid, process.started).second) return;
    found_new_ = true;
    SendSignal(process, SIGSTOP);
  }

  std::set<std::pair<pid_t, std::uint64_t>> stopped_;
  bool found_new_ = false;
};

// The same, for what need not be exact.
std::vector<Process> Near() {
  std::vector<Process> near;
  WalkChildren([&](pid_t process, pid_t task) {
    if (process != task) return;
    if (const auto read = ReadStat(process)) near.push_back(*read);
  });
  return near;
}

bool SignalAll(int signal, const std::vector<Process>& processes) {
  bool any = false;
  for (const Process& process : processes) {
    if (process.Dead()) continue;
    any = true;
    SendSignal(process, signal);
  }
  return any;
}

}  // namespace

Expected<ProcessTree> ProcessTree::Make(pid_t service) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  UniqueFd fd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) {
    return Error{ErrorCode::kInternal, "handler-failed", "",
                 std::string("signalfd: ") + std::strerror(errno)};
  }
  return ProcessTree(service, std::move(fd));
}

void ProcessTree::Watch(pid_t program, UniqueFd told) {
  watched_ = program;
  told_status_ = std::move(told);
  status_.reset();
}

bool ProcessTree::ServiceGone() const { return getppid() != service_; }

void ProcessTree::Look() {
  std::array<signalfd_siginfo, 16> told{};
  while (true) {
    const ssize_t size = read(signals_.get(), told.data(), sizeof told);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    const std::size_t count = static_cast<std::size_t>(size) / sizeof told.front();
    for (std::size_t i = 0; i < count; ++i) told_ = told_ || told.at(i).ssi_signo == SIGTERM;
  }
  Reap();
}

bool ProcessTree::Reap() {
  while (true) {
    int status = 0;
    const pid_t pid = waitpid(-1, &status, WNOHANG | __WALL);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) return false;
    if (pid == 0) return true;
    if (pid == watched_) status_ = ReadInitsWord(told_status_.get()).value_or(status);
  }
}

std::vector<std::string> ProcessTree::Tasks() {
  std::vector<std::string> tasks;
  WalkChildren([&](pid_t process, pid_t task) {
    tasks.push_back(TaskFolder(process) + "/" + std::to_string(task));
  });
  return tasks;
}

void ProcessTree::End(std::chrono::milliseconds grace, int fd,
                      const std::function<bool()>& meanwhile) {
  Look();
  if (grace.count() > 0 && !ServiceGone() && SignalAll(SIGTERM, Near())) {
    SignalAll(SIGCONT, Near());  // who is stopped would not see it
    AwaitEnd(grace, fd, meanwhile);
  }
  KillAll();
}

void ProcessTree::AwaitEnd(std::chrono::milliseconds grace, int fd,
                           const std::function<bool()>& meanwhile) {
  const auto until = Clock::now() + grace;
  std::array<pollfd, 2> polled{pollfd{signals_.get(), POLLIN, 0}, pollfd{fd, POLLIN, 0}};
  while (!ServiceGone()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return;
    poll(polled.data(), polled.size(), static_cast<int>(std::min(left, kTick).count()));
    Look();
    if (meanwhile && !meanwhile()) return;
    if (!Reap()) return;
    // Nobody is left who could write to it: it would wake this loop for ever.
    if ((polled.back().revents & (POLLIN | POLLHUP)) == POLLHUP) polled.back().fd = -1;
  }
}

bool ProcessTree::KillOnce(bool thoroughly) {
  pollfd polled{signals_.get(), POLLIN, 0};
  SignalAll(SIGKILL, thoroughly ? Below() : Near());
  poll(&polled, 1, static_cast<int>(kTick.count()));
  Look();
  return !Reap();
}

// The init of namespaces would take all others with it, but what they have used would be lost: it
// ends by itself, having reaped them, when the program does. True: none is left.
bool ProcessTree::KillAllButInit() {
  auto processes = Near();
  std::erase_if(processes, [&](const Process& process) { return process.pid == watched_; });
  SignalAll(SIGKILL, processes);
  const auto until = Clock::now() + kTick;
  do {
    pollfd polled{signals_.get(), POLLIN, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    poll(&polled, 1, static_cast<int>(std::max(left, std::chrono::milliseconds(0)).count()));
    Look();
    if (!Reap()) return true;
  } while (Clock::now() < until);
  return false;
}

void ProcessTree::KillAll() {
  // What does not defend itself is gone after few rounds.
  constexpr int kEasyRounds = 4;
  if (!Reap()) return;
  if (told_status_ && KillAllButInit()) return;
  for (int round = 0; round < kEasyRounds; ++round) {
    if (KillOnce(false)) return;
  }
  Freeze().Run();
  // Children of what is killed come here when it is reaped, by the kernel's word at the latest
  // then.
  while (!KillOnce(true)) {
  }
}

}  // namespace headrace
