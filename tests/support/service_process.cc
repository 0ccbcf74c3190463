#include "support/service_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace headrace::testing_support {
namespace {

using std::chrono::seconds;

Deadline Patience() { return Deadline::After(seconds(30)); }

struct Child {
  pid_t pid = 0;
  UniqueFd stderr_end;
};

// Starts the program without any HEADRACE_ variable; sanitizers keep their options.
Child Start(const std::vector<std::string>& launcher, const std::vector<std::string>& own) {
  std::vector<std::string> arguments = launcher;
  arguments.emplace_back(HEADRACE_PROGRAM);
  arguments.insert(arguments.end(), own.begin(), own.end());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::vector<char*> environment;
  for (char** variable = ::environ; *variable != nullptr; ++variable) {
    if (std::string_view(*variable).substr(0, 9) != "HEADRACE_") environment.push_back(*variable);
  }
  environment.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  UniqueFd write_end(ends[1]);
  Child child{0, UniqueFd(ends[0])};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDERR_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  if (::posix_spawn(&child.pid, argv.front(), &actions, nullptr, argv.data(), environment.data()) !=
      0) {
    child.pid = 0;
  }
  ::posix_spawn_file_actions_destroy(&actions);
  return child;
}

Ended Reap(pid_t pid, Deadline deadline) {
  Ended ended;
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd entry{pidfd.get(), POLLIN, 0};
  if (::poll(&entry, 1, deadline.PollTimeout()) != 1) return ended;
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFEXITED(status)) ended.status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  return ended;
}

std::string ReadToEnd(int fd) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; (got = ::read(fd, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

std::uint16_t PortOf(const std::string& address) {
  std::uint16_t port = 0;
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return 0;
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  return port;
}

}  // namespace

Ended RunProgram(const std::vector<std::string>& arguments,
                 const std::vector<std::string>& launcher) {
  const Child child = Start(launcher, arguments);
  const std::string output = ReadToEnd(child.stderr_end.get());
  Ended ended = Reap(child.pid, Patience());
  ended.output = output;
  return ended;
}

ServiceProcess::ServiceProcess(const std::string& queues, const std::string& more,
                               const std::vector<std::string>& launcher) {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "headrace-service-XXXXXX").string();
  dir_ = ::mkdtemp(pattern.data());
  Configure(queues, more);
  Child child = Start(launcher, {"serve", "--config", file()});
  pid_ = child.pid;
  stderr_ = std::move(child.stderr_end);
  reader_ = std::thread([this] { ReadLog(); });
  port_ = PortOf(NextInLog("listening on "));
  management_port_ = PortOf(NextInLog("(jobs) and "));
}

ServiceProcess::~ServiceProcess() {
  if (pid_ != 0) {
    Signal(SIGKILL);
    Reap(pid_, Patience());
  }
  reader_.join();
  std::filesystem::remove_all(dir_);
}

void ServiceProcess::Configure(const std::string& queues, const std::string& more) const {
  std::ofstream(file()) << "management: {listen: '127.0.0.1:0'}\n"
                        << (more.find("server:") == std::string::npos
                                ? "server: {listen: '127.0.0.1:0', slots: 8}\n"
                                : "")
                        << (more.find("log:") == std::string::npos ? "log: {level: debug}\n" : "")
                        << more << "\nqueues:\n"
                        << queues << "\n";
}

std::string ServiceProcess::Reload() const {
  const auto count = [this](const std::string& outcome) {
    return Scrape()["headrace_config_reloads_total{outcome=\"" + outcome + "\"}"];
  };
  const double applied = count("applied");
  const double refused = count("refused");
  Signal(SIGHUP);
  const Deadline deadline = Patience();
  while (!deadline.Passed()) {
    if (count("applied") > applied) return "applied";
    if (count("refused") > refused) return "refused";
  }
  return {};
}

void ServiceProcess::Signal(int signal) const { ::kill(pid_, signal); }

Ended ServiceProcess::Wait(Deadline deadline) {
  Ended ended = Reap(pid_, deadline);
  if (ended.status < 0 && ended.signal == 0) return ended;
  pid_ = 0;
  const MutexLock lock(mu_);
  while (!log_ended_ && grown_.WaitUntil(mu_, deadline)) {
  }
  return ended;
}

HttpAnswer ServiceProcess::Post(const std::string& target, std::string_view body,
                                std::string_view fields) const {
  return Ask(port_, MakeRequest("POST", target, body, fields));
}

HttpAnswer ServiceProcess::Get(const std::string& target) const {
  return Ask(port_, MakeRequest("GET", target));
}

std::string ServiceProcess::MetricsText() const {
  return Ask(management_port_, MakeRequest("GET", "/metrics")).body;
}

Samples ServiceProcess::Scrape() const {
  Samples samples;
  std::istringstream text(MetricsText());
  for (std::string line; std::getline(text, line);) {
    if (line.empty() || line.front() == '#') continue;
    const auto space = line.rfind(' ');
    samples[line.substr(0, space)] = std::strtod(line.c_str() + space, nullptr);
  }
  return samples;
}

bool ServiceProcess::Await(const std::string& sample, double value) const {
  const Deadline deadline = Patience();
  while (!deadline.Passed()) {
    const Samples samples = Scrape();
    const auto found = samples.find(sample);
    if (found != samples.end() && found->second == value) return true;
  }
  return false;
}

void ServiceProcess::ReadLog() {
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t got = ::read(stderr_.get(), buffer.data(), buffer.size());
    {
      const MutexLock lock(mu_);
      if (got > 0) log_.append(buffer.data(), static_cast<std::size_t>(got));
      log_ended_ = got <= 0;
    }
    grown_.NotifyAll();
    if (got <= 0) return;
  }
}

std::string ServiceProcess::Log() {
  const MutexLock lock(mu_);
  return log_;
}

bool ServiceProcess::AwaitLog(std::string_view text) {
  const Deadline deadline = Patience();
  const MutexLock lock(mu_);
  while (log_.find(text) == std::string::npos) {
    if (log_ended_ || !grown_.WaitUntil(mu_, deadline)) return false;
  }
  return true;
}

std::string ServiceProcess::NextInLog(const std::string& start) {
  const Deadline deadline = Patience();
  const MutexLock lock(mu_);
  while (true) {
    const auto found = log_.find(start, log_position_);
    const auto end =
        found == std::string::npos ? found : log_.find_first_of(" \n", found + start.size());
    if (end != std::string::npos) {
      log_position_ = end;
      return log_.substr(found + start.size(), end - found - start.size());
    }
    if (log_ended_ || !grown_.WaitUntil(mu_, deadline)) return {};
  }
}

bool AwaitGone(pid_t pid) {
  const Deadline deadline = Patience();
  while (!deadline.Passed()) {
    std::ifstream stat(fmt::format("/proc/{}/stat", pid));
    std::string text;
    if (!std::getline(stat, text)) return true;
    if (text.find(") Z ") != std::string::npos) return true;
    ::poll(nullptr, 0, 1);
  }
  return false;
}

}  // namespace headrace::testing_support
