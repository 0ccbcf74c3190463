#include "app/serve.h"

#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <system_error>
#include <utility>

#include "app/app.h"
#include "app/logging.h"
#include "app/plan.h"
#include "app/runners.h"
#include "app/stop_signals.h"
#include "app/system_check.h"
#include "base/fd.h"
#include "base/log.h"

namespace headrace {
namespace {

sigset_t ReadSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

// Raises the limit of descriptors as far as it may; returns it.
std::size_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return SIZE_MAX;
  const rlim_t before = std::exchange(limit.rlim_cur, limit.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return limit.rlim_max;
  LogWarn("the descriptor limit stays as it is: {detail}",
          {{"detail", std::generic_category().message(errno)}});
  return before;
}

// Connections must leave descriptors for uploads, results and executors: half of them.
// Files of results that are being sent: a quarter. Nobody is warned of a default that this system
// does not allow: it was not asked for.
Config FitDescriptors(Config config, std::size_t descriptors) {
  const Config defaults;
  std::size_t& connections = config.http.max_connections;
  const std::size_t most = std::max<std::size_t>(descriptors / 2, 1);
  if (connections > most) {
    (connections == defaults.http.max_connections ? LogInfo : LogWarn)(
        "server.max_connections is {limit} instead of {wanted}: the process may have {descriptors} "
        "descriptors",
        {{"limit", most}, {"wanted", connections}, {"descriptors", descriptors}});
    connections = most;
  }
  std::size_t& open = config.engine.max_open_results;
  const std::size_t most_open = std::max<std::size_t>(descriptors / 4, 1);
  if (open > most_open && config.engine.kind == EngineKind::kSqlite) {
    (open == defaults.engine.max_open_results ? LogInfo : LogWarn)(
        "engine.max_open_results is {limit} instead of {wanted}: the process may have "
        "{descriptors} descriptors",
        {{"limit", most_open}, {"wanted", open}, {"descriptors", descriptors}});
  }
  open = std::min(open, most_open);
  return config;
}

// What the main thread does between start and end: signals and spawning.
class MainLoop {
 public:
  // `load` reads the configuration once more.
  MainLoop(App& app, std::function<LoadedConfig()> load, int signal_fd, StopSignals& stop)
      : app_(app), load_(std::move(load)), signal_fd_(signal_fd), stop_(stop) {}

  int Run() {
    const auto started = app_.Start(stop_);
    if (!started) return Fail(started.error());
    if (!*started) {
      stop_.Take();
      LogInfo("stopping");
      return Finish();
    }
    Until(Deadline::Never(), -1);
    const ShutdownOptions options = app_.shutdown();
    const Deadline delay = Deadline::After(options.delay);
    const Deadline drain = Deadline::At(delay.time() + options.drain);
    LogInfo("stopping");
    app_.AnnounceStop();
    Until(delay, -1);
    app_.StopAccepting(drain);
    Until(Deadline::Never(), app_.DrainedFd());
    return Finish();
  }

 private:
  // Serves signals and spawns until the deadline, or until `fd` is readable; before the stop, until
  // it is asked for.
  void Until(Deadline deadline, int fd) {
    const bool was_stopping = stopping_;
    while (!deadline.Passed() && stopping_ == was_stopping) {
      std::array<pollfd, 4> entries{{{signal_fd_, POLLIN, 0},
                                     {app_.SpawnFd(), POLLIN, 0},
                                     {app_.LeftFd(), POLLIN, 0},
                                     {fd, POLLIN, 0}}};
      if (::poll(entries.data(), entries.size(), deadline.PollTimeout()) < 0) continue;
      if (entries[0].revents != 0) OnSignal();
      if (entries[1].revents != 0) app_.RunSpawns();
      if (entries[2].revents != 0) app_.ReapWorkers();
      if (entries[3].revents != 0) return;
    }
  }

  void OnSignal() {
    signalfd_siginfo info{};
    if (::read(signal_fd_, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) return;
    if (info.ssi_signo == SIGHUP) return OnHangup();
    if (stopping_) EndAtOnce(app_.UnfinishedJobs(), app_.log());
    stopping_ = true;
  }

  void OnHangup() {
    if (stopping_) return LogWarn("SIGHUP: the service stops, nothing is read any more");
    app_.Reload(load_);
  }

  // From here on this thread may wait for jobs that look at nothing, and reads no signals.
  int Finish() {
    stop_.EndAtNext(app_.UnfinishedJobs(), app_.log());
    const std::size_t cut = app_.Finish();
    if (cut == 0) {
      LogInfo("stopped: every job was answered");
      return EXIT_SUCCESS;
    }
    LogError("stopped: {jobs} jobs were cut", {{"jobs", cut}});
    return EXIT_FAILURE;
  }

  // In the words for operators; the hint is for clients where an error has both. The app's end may
  // wait too: its workers may have found jobs of an earlier process.
  int Fail(const Error& error) {
    LogError("cannot start: {detail}",
             {{"detail", error.detail.empty() ? error.hint : error.detail}});
    stop_.EndAtNext(app_.UnfinishedJobs(), app_.log());
    return EXIT_FAILURE;
  }

  App& app_;
  const std::function<LoadedConfig()> load_;
  const int signal_fd_;
  StopSignals& stop_;
  bool stopping_ = false;
};

}  // namespace

void BlockSignals() {
  const sigset_t set = ReadSignals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
}

std::string ExecutorsDir(const Config& config) {
  if (!config.executors_dir.empty()) return config.executors_dir;
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (program.parent_path().parent_path() / "libexec" / "headrace").string();
}

int Serve(const Config& config, const ConfigSource& source) {
  LogDirectly(config.log);
  const std::size_t descriptors = RaiseDescriptorLimit();
  const Config fitted = FitDescriptors(config, descriptors);
  const auto plan = MakePlan(config);
  if (!plan) {
    LogError("cannot start: {detail}", {{"detail", plan.error().hint}});
    return EXIT_FAILURE;
  }
  // While there is one thread only.
  if (const auto sandbox = CheckSystem(config); !sandbox) {
    LogError("cannot start: {detail}", {{"detail", sandbox.error().hint}});
    return EXIT_FAILURE;
  }
  const std::string executors = ExecutorsDir(config);
  const auto missing = MissingExecutors(config, source.handlers, executors);
  for (const MissingExecutor& executor : missing) {
    LogError("queue {queue}: {path}: {detail} (executors.dir names the folder)",
             {{"queue", executor.queue}, {"path", executor.path}, {"detail", executor.detail}});
  }
  if (!missing.empty()) return EXIT_FAILURE;
  const sigset_t set = ReadSignals();
  const UniqueFd signal_fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  StopSignals stop;
  if (!signal_fd || !stop.Good()) {
    LogError("cannot start: {detail}",
             {{"detail", "signalfd: " + std::generic_category().message(errno)}});
    return EXIT_FAILURE;
  }
  App app(fitted, *plan, source.handlers, executors);
  const auto load = [&source, descriptors] {
    LoadedConfig loaded = LoadConfig(source);
    if (loaded.problems.empty()) loaded.config = FitDescriptors(loaded.config, descriptors);
    return loaded;
  };
  return MainLoop(app, load, signal_fd.get(), stop).Run();
}

}  // namespace headrace
