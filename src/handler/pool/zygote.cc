#include "handler/pool/zygote.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "handler/pool/start_delay.h"

namespace headrace {
namespace {

using std::chrono::milliseconds;

// A zygote that lived this long did not fail at its start.
constexpr std::chrono::seconds kLivedWell{10};
constexpr int kHopeless = 3;
constexpr int kForkTries = 3;
constexpr milliseconds kForkRetry{50};

UniqueFd MakeFd(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return UniqueFd(fd);
}

// Waits for news on `fd`, to the deadline at most. Returns false if cancelled. Negative descriptors
// are never readable.
bool WaitFor(int fd, int cancel_fd, Deadline deadline) {
  std::array<pollfd, 2> polled{pollfd{fd, POLLIN, 0}, pollfd{cancel_fd, POLLIN, 0}};
  poll(polled.data(), polled.size(), deadline.PollTimeout());
  return polled[1].revents == 0;
}

// Where one who takes an executor stands in line; with another zygote when the first one has died.
class PlaceInLine {
 public:
  PlaceInLine() = default;
  ~PlaceInLine() { MoveTo(nullptr); }
  PlaceInLine(const PlaceInLine&) = delete;
  PlaceInLine& operator=(const PlaceInLine&) = delete;

  void MoveTo(std::shared_ptr<ZygoteProcess> process) {
    if (process == process_) return;
    if (process_) process_->Leave();
    process_ = std::move(process);
    if (process_) process_->Join();
  }
  // The zygote knows that already.
  void OnServed() { process_.reset(); }

 private:
  std::shared_ptr<ZygoteProcess> process_;
};

// Why there is no executor though there is a zygote, where nothing tells when there will be.
class Shortage {
 public:
  void Note(const ZygoteProcess::Asked& asked, const ZygoteProcess::Taken& taken) {
    error_ = taken.error != 0 ? taken.error : asked.error;
    lasts_ = error_ != 0 || !asked.all;
    if (error_ != 0) ++failures_;
  }
  [[nodiscard]] bool IsHopeless() const { return failures_ == kForkTries; }
  [[nodiscard]] std::string Reason() const {
    return fmt::format("no executor can be forked: {}", std::strerror(error_));
  }
  [[nodiscard]] Deadline LookAgainBy(Deadline deadline) const {
    return lasts_ ? std::min(deadline, Deadline::After(kForkRetry)) : deadline;
  }

 private:
  int error_ = 0;
  int failures_ = 0;
  bool lasts_ = false;
};

}  // namespace

Zygote::Zygote(ZygoteOptions options, SpawnQueue& spawn_queue, ExecutorCounters& counters)
    : options_(std::move(options)),
      spawn_queue_(spawn_queue),
      counters_(counters),
      timer_(MakeFd(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create")),
      look_again_(MakeFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
  spawn_queue_.Add(*this);
  if (!spawn_queue_.Watch(timer_.get(), *this)) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
  Start();
}

Zygote::~Zygote() {
  spawn_queue_.Remove(*this);
  spawn_queue_.Forget(timer_.get());
  if (!process_) return;
  spawn_queue_.Forget(process_->pidfd());
  if (!greeted_) spawn_queue_.Forget(process_->socket());
  process_->Bury();
}

void Zygote::OnEvent() {
  std::uint64_t expirations = 0;
  // Nothing to read means that another descriptor woke us.
  [[maybe_unused]] const ssize_t size = read(timer_.get(), &expirations, sizeof expirations);
  if (!process_) {
    if (expirations != 0) Start();
    return;
  }
  if (!greeted_) return AwaitGreeting();
  pollfd ended{process_->pidfd(), POLLIN, 0};
  if (poll(&ended, 1, 0) == 1) {
    Fail(ExecutorTrouble::kZygote, "it ended", /*by_itself=*/true);
  }
}

void Zygote::Start() {
  auto spawned = ZygoteProcess::Spawn(options_.binary, options_.arguments, options_.limits,
                                      options_.keeper_grace);
  if (!spawned) return Fail(ExecutorTrouble::kNoStart, spawned.error().detail);
  process_ = std::move(*spawned);
  greeted_ = false;
  warm_until_ = SteadyClock::now() + options_.warm_timeout;
  if (!spawn_queue_.Watch(process_->pidfd(), *this) ||
      !spawn_queue_.Watch(process_->socket(), *this)) {
    return Fail(ExecutorTrouble::kNoStart, fmt::format("epoll_ctl: {}", std::strerror(errno)));
  }
  ArmTimer(options_.warm_timeout);
}

void Zygote::AwaitGreeting() {
  std::string reason;
  switch (process_->ReadGreeting(reason)) {
    case ZygoteProcess::Greeting::kReady:
      return GoLive();
    case ZygoteProcess::Greeting::kBroken:
      return Fail(ExecutorTrouble::kHandler, reason);
    case ZygoteProcess::Greeting::kEnded:
      return Fail(ExecutorTrouble::kHandler, "it ended before it was warm", /*by_itself=*/true);
    case ZygoteProcess::Greeting::kNone:
      break;
  }
  if (SteadyClock::now() < warm_until_) return;
  Fail(ExecutorTrouble::kTooSlow, "it did not get warm in time");
}

void Zygote::GoLive() {
  greeted_ = true;
  settled_ = true;
  live_since_ = SteadyClock::now();
  spawn_queue_.Forget(process_->socket());
  LogInfo("queue {queue}: zygote {pid} is warm",
          {{"queue", options_.name}, {"pid", process_->pid()}});
  {
    const MutexLock lock(mu_);
    live_ = process_;
    eventfd_write(look_again_.get(), 1);
  }
  if (options_.on_warm) options_.on_warm();
}

void Zygote::Fail(ExecutorTrouble trouble, const std::string& reason, bool by_itself) {
  std::string text = reason;
  const bool lived_well = greeted_ && SteadyClock::now() - live_since_ >= kLivedWell;
  if (process_) {
    spawn_queue_.Forget(process_->pidfd());
    if (!greeted_) spawn_queue_.Forget(process_->socket());
    Retire(process_);
    text = fmt::format("zygote {}: {}", process_->pid(), reason);
    const ProcessEnd end = process_->Bury();
    if (by_itself) text += "; it " + Describe(end);
    process_.reset();
  }
  settled_ = true;
  greeted_ = false;
  int failures = 0;
  {
    const MutexLock lock(mu_);
    failures_ = lived_well ? 0 : failures_ + 1;
    failures = failures_;
    last_error_ = text;
    trouble_ = trouble;
    if (failures_ >= kHopeless) eventfd_write(look_again_.get(), 1);
  }
  const milliseconds delay = StartDelay(failures);
  LogWarn("queue {queue}: {detail}; the next start is in {delay_seconds} s",
          {{"queue", options_.name},
           {"detail", text},
           {"delay_seconds", std::chrono::duration<double>(delay).count()}});
  ArmTimer(delay);
}

void Zygote::ArmTimer(milliseconds after) {
  // A timer of zero would be disarmed.
  const auto time = std::max<std::chrono::nanoseconds>(after, std::chrono::nanoseconds{1});
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  itimerspec when{};
  when.it_value.tv_sec = seconds.count();
  when.it_value.tv_nsec = (time - seconds).count();
  timerfd_settime(timer_.get(), 0, &when, nullptr);
}

std::shared_ptr<ZygoteProcess> Zygote::Live(bool& broken) const {
  const MutexLock lock(mu_);
  broken = failures_ >= kHopeless;
  return live_;
}

void Zygote::Retire(const std::shared_ptr<ZygoteProcess>& process) {
  const MutexLock lock(mu_);
  if (live_ != process) return;
  live_.reset();
  eventfd_t value = 0;
  eventfd_read(look_again_.get(), &value);
}

Error Zygote::Unavailable(std::string detail) {
  return Error{ErrorCode::kUnavailable, "executors-unavailable",
               "the processes that do this work cannot be started at the moment; try again later",
               std::move(detail), 5};
}

Expected<std::optional<ExecutorProcess>> Zygote::Take(Deadline deadline, int cancel_fd) {
  Shortage shortage;
  bool wanted = true;
  PlaceInLine place;
  while (wanted) {
    bool broken = false;
    const auto process = Live(broken);
    if (!process && broken) return Unavailable(LastError());
    place.MoveTo(process);
    const auto asked = process ? TopUp(*process, 0) : ZygoteProcess::Asked();
    auto taken = Look(process, ZygoteProcess::For::kWaiter);
    if (taken.executor) {
      place.OnServed();
      return std::move(taken.executor);
    }
    shortage.Note(asked, taken);
    if (shortage.IsHopeless()) return Unavailable(shortage.Reason());
    const Deadline until = shortage.LookAgainBy(deadline);
    wanted = WaitFor(NewsFd(process, taken.result), cancel_fd, until) && !deadline.Passed();
  }
  return std::optional<ExecutorProcess>();
}

// Nothing tells when a fork may succeed again. A forked executor comes through its zygote's socket,
// a new zygote or the end of hope through the event.
int Zygote::NewsFd(const std::shared_ptr<ZygoteProcess>& process,
                   ZygoteProcess::TakeResult result) const {
  if (result == ZygoteProcess::TakeResult::kForkFailed) return -1;
  const bool forking = process && result == ZygoteProcess::TakeResult::kNothing;
  return forking ? process->socket() : look_again_.get();
}

ZygoteProcess::Taken Zygote::Look(const std::shared_ptr<ZygoteProcess>& process,
                                  ZygoteProcess::For whom) {
  if (!process) return {};
  auto taken = process->Take(whom);
  if (taken.result == ZygoteProcess::TakeResult::kGone) {
    Retire(process);
    process->Kill();  // the main thread sees its end and starts the next one
  }
  return taken;
}

std::optional<ExecutorProcess> Zygote::TryTake() {
  bool broken = false;
  return Look(Live(broken), ZygoteProcess::For::kOther).executor;
}

void Zygote::TopUp(std::size_t ahead) {
  bool broken = false;
  const auto process = Live(broken);
  if (process) TopUp(*process, ahead);
}

ZygoteProcess::Asked Zygote::TopUp(ZygoteProcess& process, std::size_t ahead) {
  const auto asked = process.TopUp(ahead);
  for (std::size_t fork = 0; fork < asked.forks; ++fork) counters_.OnStarted();
  return asked;
}

bool Zygote::Ready() const {
  const MutexLock lock(mu_);
  return live_ != nullptr;
}

bool Zygote::Healthy() const {
  const MutexLock lock(mu_);
  return live_ != nullptr || failures_ == 0;
}

std::string Zygote::LastError() const {
  const MutexLock lock(mu_);
  return last_error_;
}

ExecutorTrouble Zygote::Trouble() const {
  const MutexLock lock(mu_);
  return trouble_;
}

pid_t Zygote::pid() const {
  const MutexLock lock(mu_);
  return live_ ? live_->pid() : 0;
}

}  // namespace headrace
