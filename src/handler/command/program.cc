#include "handler/command/program.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "base/memfd.h"
#include "handler/command/find_program.h"
#include "handler/command/own_tasks.h"
#include "handler/command/program_init.h"
#include "handler/command/program_paths.h"
#include "handler/sandbox/landlock.h"
#include "handler/sandbox/namespaces.h"
#include "handler/sandbox/sandbox.h"
#include "handler/sandbox/service_processes.h"

namespace headrace {
namespace {

constexpr std::uint64_t kOpenFiles = 1024;
constexpr int kExtraDescriptor = 3;
// Above all that a program gets, and below every limit on descriptors.
constexpr int kFirstSpare = 10;
constexpr int kNotStarted = 127;
constexpr pid_t kInit = 1;  // of a pid namespace, as who is in it sees it

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

struct Pipe {
  UniqueFd reader;
  UniqueFd writer;  // not open: errno says why
};

Pipe MakePipe() {
  std::array<int, 2> ends{-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// RLIMIT_NPROC counts, beside the job's own, whatever this user has; the init of namespaces too.
rlim_t MostTasks(const CommandOptions& options) {
  const bool apart = options.namespaces && NewNamespaces::CountTheirOwn();
  const rlim_t others = apart ? 0 : CountOwnTasks();
  return others + (options.namespaces ? 1 : 0) + options.processes;
}

// Forks what becomes the program. In the parent both functions return what they have forked, in the
// child they end, with the reason in `report` if it cannot be the program.
class Start {
 public:
  Start(const ProgramSpec& spec, const CommandOptions& options, const SyscallFilter& filter,
        const std::string& program)
      : spec_(spec),
        options_(options),
        filter_(filter),
        program_(program),
        tasks_(MostTasks(options)) {}

  [[nodiscard]] Expected<StartedProgram> Here(UniqueFd& report) const {
    const pid_t launcher = getpid();
    const pid_t pid = fork();
    if (pid < 0) return LaunchError(Reason("fork"));
    if (pid == 0) Fail(report, Become(launcher, report));
    return StartedProgram{pid, pid, {}};
  }

  [[nodiscard]] Expected<StartedProgram> InNamespaces(UniqueFd& report) const {
    auto word = MakePipe();
    const UniqueFd keeper(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
    if (!word.writer || !keeper) return LaunchError(Reason("descriptor"));
    const NewNamespaces namespaces;
    const pid_t pid = namespaces.Fork();
    if (pid < 0) return LaunchError(Reason("isolation.namespaces: clone"));
    if (pid == 0) Fail(report, BecomeInit(namespaces, keeper.get(), word.writer.get(), report));
    return StartedProgram{0, pid, std::move(word.reader)};
  }

 private:
  [[noreturn]] static void Fail(const UniqueFd& report, const std::string& reason) {
    WriteAll(report.get(), std::as_bytes(std::span(reason)));
    _exit(kNotStarted);
  }

  // These return why not.
  [[nodiscard]] std::string BecomeInit(const NewNamespaces& namespaces, int keeper, int word,
                                       UniqueFd& report) const {
    if (auto reason = DieWithKeeper(keeper)) return *reason;
    const auto reach = ReachOfProgram(options_, Paths(), spec_.folder);
    if (auto reason = namespaces.Settle(ViewOfProgram(options_, reach))) {
      return "isolation.namespaces: " + *reason;
    }
    const pid_t pid = fork();
    if (pid < 0) return Reason("fork");
    if (pid > 0) RunInit(pid, word);
    return Become(kInit, report);
  }

  [[nodiscard]] std::string Become(pid_t launcher, UniqueFd& report) const {
    report.reset(Spare(report.get()));
    if (auto reason = LeaveLauncher(launcher)) return *reason;
    if (auto reason = TakeDescriptors()) return *reason;
    if (chdir(spec_.work_folder.c_str()) != 0) return Reason(spec_.work_folder);
    if (auto reason = Limit()) return *reason;
    if (auto reason = Confine()) return *reason;
    execve(program_.c_str(), Pointers(spec_.argv).data(), Pointers(spec_.environment).data());
    const bool unseen = errno == EACCES || errno == ENOENT;
    return Reason(program_) +
           (unseen ? "; what runs it must be there, within isolation.readable" : "");
  }

  // Moves it to where no descriptor of the program's will be.
  static int Spare(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, kFirstSpare); }

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

  [[nodiscard]] std::optional<std::string> TakeDescriptors() const {
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

  [[nodiscard]] std::optional<std::string> Limit() const {
    ExecutorLimits limits;
    limits.memory = options_.memory;
    limits.cpu_seconds = spec_.cpu_limit ? static_cast<std::uint64_t>(options_.cpu.count()) : 0;
    limits.file_size = spec_.file_size;
    limits.priority = options_.priority;
    if (auto reason = LimitResources(limits, kOpenFiles)) return reason;
    const rlimit processes{tasks_, tasks_};
    if (setrlimit(RLIMIT_NPROC, &processes) != 0) return Reason("RLIMIT_NPROC");
    return std::nullopt;
  }

  // Of which those that are absolute may be read.
  [[nodiscard]] std::vector<std::string> Paths() const {
    std::vector<std::string> paths = spec_.argv;
    paths.push_back(program_);
    return paths;
  }

  [[nodiscard]] std::optional<std::string> Confine() const {
    auto missing = RestrictByLandlock(ReachOfProgram(options_, Paths(), spec_.folder));
    if (missing && options_.sandbox_required) return missing;
    missing = filter_.Install();
    return options_.sandbox_required ? missing : std::nullopt;
  }

  const ProgramSpec& spec_;
  const CommandOptions& options_;
  const SyscallFilter& filter_;
  const std::string& program_;
  const rlim_t tasks_;
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

// Of the init of namespaces, when the program is executed; the init itself if that has ended by
// now.
pid_t OnlyChildOf(pid_t init) {
  const std::string number = std::to_string(init);
  const auto children = ReadPids(("/proc/" + number + "/task/" + number + "/children").c_str());
  return children.empty() ? init : children.front();
}

}  // namespace

Expected<ProgramLauncher> ProgramLauncher::Make(const CommandOptions& options, pid_t service,
                                                pid_t zygote) {
  SyscallPolicy policy;
  policy.profile = SyscallPolicy::Profile::kBroad;
  policy.network = options.network;
  // In a pid namespace these numbers would be the program's own processes.
  policy.untouched = options.namespaces ? std::vector{kInit} : ServiceProcesses(service, zygote);
  auto filter = SyscallFilter::Make(policy);
  if (!filter) return std::move(filter).error();
  return ProgramLauncher(options, *std::move(filter));
}

Expected<StartedProgram> ProgramLauncher::Launch(const ProgramSpec& spec) const {
  const auto program = FindProgram(spec.argv.front(), PathOf(spec.environment));
  if (!program) return LaunchError(spec.argv.front() + ": no such program");
  auto report = MakePipe();
  if (!report.writer) return LaunchError(Reason("pipe"));
  const Start start(spec, *options_, filter_, *program);
  auto started =
      options_->namespaces ? start.InNamespaces(report.writer) : start.Here(report.writer);
  if (!started) return started;
  report.writer.reset();
  const std::string reason = ReadReason(report.reader.get());
  if (reason.empty()) {
    started->program = options_->namespaces ? OnlyChildOf(started->child) : started->child;
    return started;
  }
  waitpid(started->child, nullptr, 0);
  return LaunchError(reason);
}

}  // namespace headrace
