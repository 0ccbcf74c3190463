#include "handler/command/program.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>

#include "base/memfd.h"
#include "handler/command/find_program.h"
#include "handler/command/folder_tree.h"
#include "handler/command/program_paths.h"
#include "handler/landlock.h"
#include "handler/sandbox.h"

namespace headrace {
namespace {

constexpr std::uint64_t kOpenFiles = 1024;
constexpr int kExtraDescriptor = 3;
// Above all that a program gets, and below every limit on descriptors.
constexpr int kFirstSpare = 10;
constexpr int kNotStarted = 127;

std::string Reason(const std::string& what) { return what + ": " + std::strerror(errno); }

Error LaunchError(std::string detail) {
  return {ErrorCode::kInternal, "command-failed", "the command could not be started",
          std::move(detail)};
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  // execve writes to none of them; its signature cannot say so.
  for (const std::string& text : texts) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

std::string_view PathOf(const std::vector<std::string>& environment) {
  constexpr std::string_view kName = "PATH=";
  for (const std::string_view entry : environment) {
    if (entry.starts_with(kName)) return entry.substr(kName.size());
  }
  return "/usr/local/bin:/usr/bin:/bin";
}

// The forked process on its way to be the program. All its functions return why it cannot be.
class Start {
 public:
  Start(const ProgramSpec& spec, const CommandOptions& options, const SyscallFilter& filter)
      : spec_(spec), options_(options), filter_(filter) {}

  std::optional<std::string> Run(const std::string& program, rlim_t tasks, pid_t launcher) {
    if (auto reason = LeaveLauncher(launcher)) return reason;
    if (auto reason = TakeDescriptors()) return reason;
    if (chdir(spec_.work_folder.c_str()) != 0) return Reason(spec_.work_folder);
    if (auto reason = Limit(tasks)) return reason;
    if (auto reason = Confine(program)) return reason;
    execve(program.c_str(), Pointers(spec_.argv).data(), Pointers(spec_.environment).data());
    const bool denied = errno == EACCES;
    return Reason(program) + (denied ? "; what runs it must be within isolation.readable too" : "");
  }

  // Moves it to where no descriptor of the program's will be.
  static int Spare(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, kFirstSpare); }

 private:
  static std::optional<std::string> LeaveLauncher(pid_t launcher) {
    if (setsid() < 0) return Reason("setsid");
    // For the day on which the launcher itself is killed.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return Reason("PR_SET_PDEATHSIG");
    if (getppid() != launcher) return "the keeper has ended";
    for (int signal = 1; signal < NSIG; ++signal) {
      if (signal != SIGKILL && signal != SIGSTOP) ::signal(signal, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    // The files of an undumpable process in /proc belong to root.
    prctl(PR_SET_DUMPABLE, 1);
    PreferAsVictim();
    prctl(PR_SET_DUMPABLE, 0);
    umask(S_IRWXG | S_IRWXO);
    return std::nullopt;
  }

  std::optional<std::string> TakeDescriptors() {
    const std::array<std::pair<int, int>, 4> wanted{{{spec_.input, STDIN_FILENO},
                                                     {spec_.output, STDOUT_FILENO},
                                                     {spec_.error, STDERR_FILENO},
                                                     {spec_.extra, kExtraDescriptor}}};
    std::array<int, wanted.size()> spare{};
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      spare.at(i) = wanted.at(i).first < 0 ? OpenNull() : Spare(wanted.at(i).first);
      if (spare.at(i) < 0) return Reason("descriptor");
    }
    // Whatever was left open is not the program's.
    close_range(kExtraDescriptor, UINT_MAX, CLOSE_RANGE_CLOEXEC);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto [source, target] = wanted.at(i);
      if (source < 0 && target == kExtraDescriptor) continue;
      if (dup2(spare.at(i), target) < 0) return Reason("descriptor");
    }
    return std::nullopt;
  }

  static int OpenNull() {
    const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
    return null ? Spare(null.get()) : -1;
  }

  [[nodiscard]] std::optional<std::string> Limit(rlim_t tasks) const {
    ExecutorLimits limits;
    limits.memory = options_.memory;
    limits.cpu_seconds = spec_.cpu_limit ? static_cast<std::uint64_t>(options_.cpu.count()) : 0;
    limits.file_size = spec_.file_size;
    limits.priority = options_.priority;
    if (auto reason = LimitResources(limits, kOpenFiles)) return reason;
    const rlimit processes{tasks, tasks};
    if (setrlimit(RLIMIT_NPROC, &processes) != 0) return Reason("RLIMIT_NPROC");
    return std::nullopt;
  }

  [[nodiscard]] std::optional<std::string> Confine(const std::string& program) const {
    std::vector<std::string> paths = spec_.argv;
    paths.push_back(program);
    auto missing = RestrictByLandlock(ReachOfProgram(options_, paths, spec_.folder));
    if (missing && options_.sandbox_required) return missing;
    missing = filter_.Install();
    return options_.sandbox_required ? missing : std::nullopt;
  }

  const ProgramSpec& spec_;
  const CommandOptions& options_;
  const SyscallFilter& filter_;
};

// All that comes through the pipe, which the program closes when it is executed.
std::string ReadReason(int pipe) {
  std::string reason;
  std::array<char, 512> text{};
  while (true) {
    const ssize_t size = read(pipe, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return reason;
    reason.append(text.data(), static_cast<std::size_t>(size));
  }
}

std::vector<pid_t> NumbersIn(const std::filesystem::path& file) {
  std::vector<pid_t> numbers;
  std::ifstream text(file);
  for (pid_t number = 0; text >> number;) numbers.push_back(number);
  return numbers;
}

// So many fit in a filter. From Landlock's ABI 6 on it forbids signals to all others anyway.
constexpr std::size_t kMostUntouched = 1500;

// The service, its threads and what it has started: zygotes, executors, other keepers.
std::vector<pid_t> Untouched(pid_t service, pid_t zygote) {
  std::vector<pid_t> pids{service, zygote, getpid(), getpgid(service)};
  std::error_code error;
  const std::filesystem::path tasks = "/proc/" + std::to_string(service) + "/task";
  for (std::filesystem::directory_iterator task(tasks, error), end; task != end && !error;
       task.increment(error)) {
    pids.push_back(static_cast<pid_t>(std::atol(task->path().filename().c_str())));
    const auto children = NumbersIn(task->path() / "children");
    pids.insert(pids.end(), children.begin(), children.end());
  }
  pids.resize(std::min(pids.size(), kMostUntouched));
  std::erase_if(pids, [](pid_t pid) { return pid <= 1; });
  return pids;
}

// The number behind `name` in a file like /proc/PID/status; 0 if it is not there.
std::uint64_t NumberBehind(std::string_view name, std::string_view text) {
  const auto at = text.find(name);
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + name.size());
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// The threads of a process if it is this user's; 0 if not. Its folder in /proc does not tell: that
// of an undumpable process is root's.
std::uint64_t OwnThreads(const char* process, uid_t user) {
  const std::string path = "/proc/" + std::string(process) + "/status";
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> buffer{};
  const ssize_t size = file ? read(file.get(), buffer.data(), buffer.size()) : -1;
  if (size <= 0) return 0;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(size));
  // The name of the program, which comes before, has no line break of its own: it is escaped.
  return NumberBehind("\nUid:\t", text) == user ? NumberBehind("\nThreads:\t", text) : 0;
}

}  // namespace

std::uint64_t CountOwnTasks() {
  const uid_t user = getuid();
  std::uint64_t tasks = 0;
  const UniqueFd proc(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!proc) return tasks;
  ForEachName(proc.get(), [&](const char* name, unsigned char) {
    if (name[0] >= '1' && name[0] <= '9') tasks += OwnThreads(name, user);
    return true;
  });
  return tasks;
}

Expected<ProgramLauncher> ProgramLauncher::Make(const CommandOptions& options, pid_t service,
                                                pid_t zygote) {
  SyscallPolicy policy;
  policy.profile = SyscallPolicy::Profile::kBroad;
  policy.network = options.network;
  policy.untouched = Untouched(service, zygote);
  auto filter = SyscallFilter::Make(policy);
  if (!filter) return std::move(filter).error();
  return ProgramLauncher(options, *std::move(filter));
}

Expected<pid_t> ProgramLauncher::Launch(const ProgramSpec& spec) const {
  const auto program = FindProgram(spec.argv.front(), PathOf(spec.environment));
  if (!program) return LaunchError(spec.argv.front() + ": no such program");
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return LaunchError(Reason("pipe"));
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const rlim_t tasks = CountOwnTasks() + options_->processes;
  const pid_t launcher = getpid();
  const pid_t pid = fork();
  if (pid < 0) return LaunchError(Reason("fork"));
  if (pid == 0) {
    const int report = Start::Spare(writer.get());
    const auto reason = Start(spec, *options_, filter_).Run(*program, tasks, launcher);
    WriteAll(report, std::as_bytes(std::span(*reason)));
    _exit(kNotStarted);
  }
  writer.reset();
  const std::string reason = ReadReason(reader.get());
  if (reason.empty()) return pid;
  waitpid(pid, nullptr, 0);
  return LaunchError(reason);
}

}  // namespace headrace
