#include "handler/pool/zygote_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "handler/executor/executor_main.h"

namespace headrace {
namespace {

// All that a zygote and its executors inherit of the environment; secrets are not among it.
constexpr std::array<std::string_view, 7> kEnvironment{
    "PATH", "LANG", "TZ", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"};
constexpr std::string_view kLocale = "LC_";

// What keepers get that nobody has taken: the main thread waits for it.
constexpr std::chrono::seconds kTimeToCleanUp{3};

std::vector<std::string> Environment([[maybe_unused]] const ExecutorLimits& limits) {
  std::vector<std::string> environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto name = text.substr(0, text.find('='));
    const bool passed_on =
        name.starts_with(kLocale) ||
        std::find(kEnvironment.begin(), kEnvironment.end(), name) != kEnvironment.end();
    if (passed_on) environment.emplace_back(text);
  }
  // Cores are shared out by slots; and a zygote must stay single-threaded. OpenMP reads it once,
  // when its library is loaded.
  environment.emplace_back("OMP_THREAD_LIMIT=1");
#ifdef HEADRACE_SANITIZED
  // In place of RLIMIT_AS. Leaks are looked for by ptrace, which an undumpable process does not
  // allow.
  const char* const inherited = std::getenv("ASAN_OPTIONS");
  std::erase_if(environment, [](const auto& entry) { return entry.starts_with("ASAN_OPTIONS="); });
  auto options =
      fmt::format("ASAN_OPTIONS={}:detect_leaks=0", inherited != nullptr ? inherited : "");
  if (limits.memory != 0) {
    options +=
        fmt::format(":max_allocation_size_mb={}:allocator_may_return_null=1", limits.memory >> 20U);
  }
  environment.push_back(std::move(options));
#endif
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// posix_spawn's two objects: own process group, all signals at their defaults and unblocked, stdin
// and stdout nowhere, the socket where ExecutorMain expects it and nothing else.
class SpawnSettings {
 public:
  explicit SpawnSettings(int socket) {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&actions_);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, socket, kZygoteSocket);
    posix_spawn_file_actions_addclosefrom_np(&actions_, kZygoteSocket + 1);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  // Returns 0 or an errno, with the new process in `pid`.
  int Spawn(pid_t& pid, std::vector<std::string> arguments, std::vector<std::string> environment) {
    return posix_spawn(&pid, arguments.front().c_str(), &actions_, &attributes_,
                       Pointers(arguments).data(), Pointers(environment).data());
  }

 private:
  posix_spawnattr_t attributes_{};
  posix_spawn_file_actions_t actions_{};
};

Error SpawnError(const std::string& binary, int error) {
  return Error{ErrorCode::kUnavailable, "executors-unavailable", "",
               fmt::format("{}: {}", binary, std::strerror(error))};
}

}  // namespace

Expected<std::shared_ptr<ZygoteProcess>> ZygoteProcess::Spawn(
    const std::string& binary, const std::vector<std::string>& arguments,
    const ExecutorLimits& limits, KeeperGrace keeper_grace) {
  SocketPair sockets = MakeSocketPair();
  if (!sockets.ours || !sockets.theirs) return SpawnError("socketpair", errno);
  pid_t pid = 0;
  SpawnSettings settings(sockets.theirs.get());
  std::vector<std::string> line{binary, kZygoteArgument, std::to_string(getpid())};
  line.insert(line.end(), arguments.begin(), arguments.end());
  const int error = settings.Spawn(pid, std::move(line), Environment(limits));
  if (error != 0) return SpawnError(binary, error);
  // Nobody but this thread reaps it, so the number cannot have another meaning yet.
  UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) {
    const Error failure = SpawnError("pidfd_open", errno);
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return failure;
  }
  return std::shared_ptr<ZygoteProcess>(
      new ZygoteProcess(pid, std::move(pidfd), std::move(sockets.ours), limits, keeper_grace));
}

ZygoteProcess::ZygoteProcess(pid_t pid, UniqueFd pidfd, UniqueFd socket,
                             const ExecutorLimits& limits, KeeperGrace keeper_grace)
    : pid_(pid),
      pidfd_(std::move(pidfd)),
      socket_(std::move(socket)),
      limits_(limits),
      keeper_grace_(keeper_grace) {}

ZygoteProcess::~ZygoteProcess() { Bury(); }

ZygoteProcess::Greeting ZygoteProcess::ReadGreeting(std::string& reason) {
  const MutexLock lock(mu_);
  switch (buffer_.Receive(socket_.get(), Wait::kNo)) {
    case ReceiveResult::kNothing:
      return Greeting::kNone;
    case ReceiveResult::kGone:
      return Greeting::kEnded;
    case ReceiveResult::kMalformed:
    case ReceiveResult::kLost:
      break;
    case ReceiveResult::kFrame:
      if (buffer_.view().type == FrameType::kReady) return Greeting::kReady;
      if (buffer_.view().type == FrameType::kBroken) {
        reason = DecodeReason(buffer_.view().body).value_or("it gave no reason");
        return Greeting::kBroken;
      }
      break;
  }
  reason = "it does not speak the protocol of this service";
  return Greeting::kBroken;
}

void ZygoteProcess::Join() {
  const MutexLock lock(mu_);
  ++waiters_;
}

void ZygoteProcess::Leave() {
  const MutexLock lock(mu_);
  --waiters_;
}

ZygoteProcess::Asked ZygoteProcess::TopUp(std::size_t ahead) {
  const MutexLock lock(mu_);
  Asked asked;
  if (buried_) return asked;  // its socket tells
  ReapLost();
  const std::size_t wanted = ahead + waiters_;
  while (requested_.size() < wanted && Request(asked.error)) ++asked.forks;
  asked.all = requested_.size() >= wanted;
  return asked;
}

bool ZygoteProcess::Request(int& error) {
  SocketPair sockets = MakeSocketPair();
  if (!sockets.ours || !sockets.theirs) {
    error = errno;
    return false;
  }
  const ForkFrame fork{next_request_, limits_};
  if (SendFrame(socket_.get(), Encode(writer_, fork), sockets.theirs.get(), Wait::kNo) !=
      SendResult::kSent) {
    return false;
  }
  requested_.emplace(next_request_++, std::move(sockets.ours));
  return true;
}

ZygoteProcess::Taken ZygoteProcess::Take(For whom) {
  const MutexLock lock(mu_);
  if (buried_) return {TakeResult::kGone, std::nullopt, 0};
  ReapLost();
  std::optional<int> failed;
  while (true) {
    Taken taken = TakeNext();
    // Forks may have failed long ago, when nobody waited. Not so where one was lost here: the next
    // one would be lost as well.
    if (taken.result == TakeResult::kForkFailed && buffer_.view().type == FrameType::kForkFailed) {
      failed = taken.error;
      continue;
    }
    if (taken.executor && whom == For::kWaiter) --waiters_;
    if (taken.result != TakeResult::kNothing || !failed) return taken;
    return {TakeResult::kForkFailed, std::nullopt, *failed};
  }
}

ZygoteProcess::Taken ZygoteProcess::TakeNext() {
  switch (buffer_.Receive(socket_.get(), Wait::kNo)) {
    case ReceiveResult::kNothing:
      return {};
    case ReceiveResult::kFrame:
      return TakeFrame();
    case ReceiveResult::kLost:
      return Lose(buffer_.view());
    case ReceiveResult::kGone:
    case ReceiveResult::kMalformed:
      break;
  }
  return {TakeResult::kGone, std::nullopt, 0};
}

// It finds its socket closed, as it would if the service had ended. Until it is reaped its number
// is nobody else's.
ZygoteProcess::Taken ZygoteProcess::Lose(const FrameView& frame) {
  const auto forked =
      frame.type == FrameType::kForked ? DecodeForked(frame.body) : std::optional<ForkedFrame>();
  if (!forked || requested_.erase(forked->request) == 0) {
    return {TakeResult::kGone, std::nullopt, 0};
  }
  lost_.push_back(static_cast<pid_t>(forked->pid));
  return {TakeResult::kForkFailed, std::nullopt, EMFILE};
}

void ZygoteProcess::ReapLost() {
  std::erase_if(lost_, [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; });
}

ZygoteProcess::Taken ZygoteProcess::TakeFrame() {
  const FrameView& frame = buffer_.view();
  if (frame.type == FrameType::kForked) {
    const auto forked = DecodeForked(frame.body);
    UniqueFd pidfd = buffer_.TakeFd();
    if (forked && pidfd) return Accept(*forked, std::move(pidfd));
  }
  if (frame.type == FrameType::kForkFailed) {
    const auto failed = DecodeForkFailed(frame.body);
    if (failed && requested_.erase(failed->request) == 1) {
      return {TakeResult::kForkFailed, std::nullopt, static_cast<int>(failed->error)};
    }
  }
  return {TakeResult::kGone, std::nullopt, 0};
}

ZygoteProcess::Taken ZygoteProcess::Accept(const ForkedFrame& forked, UniqueFd pidfd) {
  const auto request = requested_.find(forked.request);
  if (request == requested_.end()) return {TakeResult::kGone, std::nullopt, 0};
  const auto pid = static_cast<pid_t>(forked.pid);
  Taken taken;
  // From here on it is the taker's to reap: Bury looks only at the zygote's own group.
  if (setpgid(pid, pid) != 0) return {TakeResult::kGone, std::nullopt, 0};
  taken.result = TakeResult::kTaken;
  taken.executor.emplace(pid, std::move(pidfd), std::move(request->second));
  if (keeper_grace_) taken.executor->SetGrace(*keeper_grace_);
  requested_.erase(request);
  return taken;
}

void ZygoteProcess::Kill() { syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0); }

// Whoever was forked holds the other end of one of our sockets, which so tells when it has ended;
// also of those that the zygote did not report, and those that it did not fork any more.
void ZygoteProcess::AskToEnd() {
  kill(-pid_, SIGTERM);
  std::vector<pollfd> open;
  for (const auto& [request, socket] : requested_) {
    shutdown(socket.get(), SHUT_WR);  // not both ways: our end alone would hang up then
    open.push_back({socket.get(), 0, 0});
  }
  const Deadline deadline = Deadline::After(kTimeToCleanUp);
  while (!open.empty() && !deadline.Passed()) {
    poll(open.data(), open.size(), deadline.PollTimeout());
    std::erase_if(open, [](const pollfd& socket) { return socket.revents != 0; });
  }
}

ProcessEnd ZygoteProcess::Bury() {
  const MutexLock lock(mu_);
  if (std::exchange(buried_, true)) return end_;
  shutdown(socket_.get(), SHUT_RDWR);  // wakes those who wait for an executor
  if (keeper_grace_) AskToEnd();
  requested_.clear();
  kill(-pid_, SIGKILL);
  siginfo_t info{};
  while (waitid(P_PGID, static_cast<id_t>(pid_), &info, WEXITED) == 0 || errno == EINTR) {
    if (info.si_pid != pid_) continue;
    end_.known = true;
    (info.si_code == CLD_EXITED ? end_.exit_status : end_.signal) = info.si_status;
  }
  return end_;
}

}  // namespace headrace
