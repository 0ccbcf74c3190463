#include "handler/pool/executor_stock.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "base/printable.h"
#include "handler/pool/start_delay.h"

namespace headrace {
namespace {

// How often persistent executors are looked after.
constexpr std::chrono::milliseconds kLookEvery{200};
// Beyond the delay of its start: one that is lost so much later is no longer one of a row.
constexpr std::chrono::seconds kLivedWell{10};

void Set(const UniqueFd& timer, bool running) {
  itimerspec every{};
  if (running) every.it_value.tv_nsec = std::chrono::nanoseconds(kLookEvery).count();
  every.it_interval = every.it_value;
  timerfd_settime(timer.get(), 0, &every, nullptr);
}

UniqueFd MakeTimer(bool running) {
  UniqueFd timer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer) throw std::system_error(errno, std::generic_category(), "timerfd_create");
  Set(timer, running);
  return timer;
}

bool HasEnded(const ExecutorProcess& executor) {
  pollfd ended{executor.pidfd(), POLLIN, 0};
  return poll(&ended, 1, 0) == 1;
}

// Its hello is the next to be read.
bool IsReady(const ExecutorProcess& executor) {
  std::array<std::byte, kFrameHeader + 1> bytes{};
  const ssize_t size = recv(executor.socket(), bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  if (size != static_cast<ssize_t>(kFrameHeader)) return false;
  const auto frame = ParseFrame(std::span(bytes).first(kFrameHeader));
  return frame && frame->type == FrameType::kHello && !HasEnded(executor);
}

// Waits until there is something to read of it, its end included. False if nobody wants to know
// any more, though it may be there.
bool AwaitWord(const ExecutorProcess& executor, Deadline deadline, int cancel_fd) {
  std::array<pollfd, 2> polled{pollfd{executor.socket(), POLLIN, 0}, pollfd{cancel_fd, POLLIN, 0}};
  while (polled[0].revents == 0 && polled[1].revents == 0 && !deadline.Passed()) {
    poll(polled.data(), polled.size(), deadline.PollTimeout());
  }
  return polled[0].revents != 0 && polled[1].revents == 0 && !deadline.Passed();
}

// What it said before it ended, if it said why.
std::string LastWords(const ExecutorProcess& executor) {
  FrameBuffer buffer;
  while (buffer.Receive(executor.socket(), Wait::kNo) == ReceiveResult::kFrame) {
    if (buffer.view().type != FrameType::kUnfit) continue;
    return Printable(DecodeReason(buffer.view().body).value_or(""));
  }
  return {};
}

ZygoteOptions WithCall(ZygoteOptions options, std::function<void()> on_warm) {
  options.on_warm = std::move(on_warm);
  return options;
}

}  // namespace

ExecutorStock::ExecutorStock(Options options, ZygoteOptions zygote, SpawnQueue& spawn_queue,
                             ExecutorCounters& counters)
    : options_(options),
      name_(zygote.name),
      spawn_queue_(spawn_queue),
      counters_(counters),
      timer_(MakeTimer(options.persistent)),
      workers_(options.workers),
      held_(options.held),
      zygote_(WithCall(std::move(zygote), [this] { TopUp(); }), spawn_queue, counters) {
  spawn_queue_.Add(*this);
  if (!spawn_queue_.Watch(timer_.get(), *this)) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

// The zygote goes before those that wait, which end meanwhile.
ExecutorStock::~ExecutorStock() {
  spawn_queue_.Remove(*this);
  spawn_queue_.Forget(timer_.get());
  for (ExecutorProcess& executor : idle_) executor.AskToEnd();
}

ExecutorStock::Claim::~Claim() {
  {
    const MutexLock lock(stock_.mu_);
    if (seeking_) --stock_.seekers_;
    if (ready_) --stock_.ready_at_work_;
    if (counted_) --stock_.claims_;
  }
  if (stock_.options_.persistent) stock_.TopUp();
}

Expected<std::optional<ExecutorProcess>> ExecutorStock::Claim::Take(Deadline deadline,
                                                                    int cancel_fd) {
  auto taken = TakeAny(deadline, cancel_fd);
  if (!stock_.options_.persistent || !taken || !*taken) return taken;
  // A job that is given up before it begins must not be the end of the program.
  if (!AwaitWord(**taken, deadline, cancel_fd)) {
    Keep(std::move(**taken));
    return std::optional<ExecutorProcess>();
  }
  SetReady(IsReady(**taken));
  return taken;
}

void ExecutorStock::Claim::SetReady(bool ready) {
  const MutexLock lock(stock_.mu_);
  if (ready && !ready_) ++stock_.ready_at_work_;
  if (!ready && ready_) --stock_.ready_at_work_;
  ready_ = ready;
}

Expected<std::optional<ExecutorProcess>> ExecutorStock::Claim::TakeAny(Deadline deadline,
                                                                       int cancel_fd) {
  {
    const MutexLock lock(stock_.mu_);
    if (!std::exchange(counted_, true)) ++stock_.claims_;
    if (auto executor = stock_.TakeIdle()) return executor;
    seeking_ = true;
    ++stock_.seekers_;
  }
  auto taken = stock_.zygote_.Take(deadline, cancel_fd);
  const MutexLock lock(stock_.mu_);
  seeking_ = false;
  --stock_.seekers_;
  return taken;
}

void ExecutorStock::Claim::Keep(ExecutorProcess executor) {
  const MutexLock lock(stock_.mu_);
  // Those of a stock that nobody looks after would be one too many for good.
  const bool wanted = stock_.options_.persistent || stock_.idle_.size() < stock_.workers_;
  if (wanted) stock_.idle_.push_back(std::move(executor));
  if (std::exchange(counted_, false)) --stock_.claims_;
}

// The one that worked last, as its memory is the warmest; but none that is still starting while
// another one is not.
std::optional<ExecutorProcess> ExecutorStock::TakeIdle() {
  if (idle_.empty()) return std::nullopt;
  auto chosen = std::prev(idle_.end());
  if (options_.persistent) {
    const auto ready = std::find_if(idle_.rbegin(), idle_.rend(), IsReady);
    if (ready != idle_.rend()) chosen = std::prev(ready.base());
  }
  std::optional<ExecutorProcess> taken(std::move(*chosen));
  idle_.erase(chosen);
  return taken;
}

std::optional<ExecutorProcess> ExecutorStock::TakeSpare() {
  constexpr int kNoCancel = -1;
  // As long as a fork takes: the next chance is a page later, and there may be no page left then.
  constexpr std::chrono::milliseconds kForkTime{20};
  auto taken = zygote_.Take(Deadline::After(kForkTime), kNoCancel);
  if (!taken || !*taken) return std::nullopt;
  TopUp();
  return *std::move(taken);
}

void ExecutorStock::Open() {
  {
    const MutexLock lock(mu_);
    held_ = false;
  }
  TopUp();
}

void ExecutorStock::TopUp() {
  // Under the lock, or a claim that takes one meanwhile would not be counted.
  const MutexLock lock(mu_);
  if (held_) return;
  if (!options_.persistent) return zygote_.TopUp(workers_);
  const std::size_t there = claims_ + idle_.size();
  if (there >= workers_ || SteadyClock::now() < next_start_) return;
  zygote_.TopUp(workers_ - there);
}

void ExecutorStock::SetWorkers(std::size_t workers) {
  std::list<ExecutorProcess> surplus;
  {
    const MutexLock lock(mu_);
    workers_ = workers;
    surplus = TakeSurplus();
  }
  Dismiss(std::move(surplus));
  TopUp();
}

// Those that were kept first: the others' memory is warmer.
std::list<ExecutorProcess> ExecutorStock::TakeSurplus() {
  std::list<ExecutorProcess> surplus;
  const std::size_t at_work = options_.persistent ? claims_ : 0;
  while (!idle_.empty() && at_work + idle_.size() > workers_) {
    surplus.splice(surplus.end(), idle_, idle_.begin());
  }
  return surplus;
}

// Keepers need time to end, which nobody waits for here: OnEvent buries them. Others are killed.
void ExecutorStock::Dismiss(std::list<ExecutorProcess> surplus) {
  if (!options_.persistent) return surplus.clear();
  for (ExecutorProcess& executor : surplus) executor.AskToEnd();
  dismissed_.splice(dismissed_.end(), surplus);
}

void ExecutorStock::OnEvent() {
  std::uint64_t expirations = 0;
  [[maybe_unused]] const ssize_t size = read(timer_.get(), &expirations, sizeof expirations);
  // Which ends those that did not in time.
  dismissed_.remove_if(
      [](const ExecutorProcess& executor) { return executor.IsOverdue() || HasEnded(executor); });
  std::list<ExecutorProcess> dead;
  std::list<ExecutorProcess> surplus;
  bool ready = false;
  {
    const MutexLock lock(mu_);
    if (!options_.persistent && SteadyClock::now() < next_start_) return;
    // Those forked ahead become ones that wait, so that they can be seen; unless somebody waits for
    // the zygote to hand out the next one.
    while (seekers_ == 0 && (options_.persistent || idle_.empty())) {
      auto forked = zygote_.TryTake();
      if (!forked) break;
      idle_.push_back(*std::move(forked));
    }
    dead = TakeDead();
    surplus = TakeSurplus();
    ready = HasReadyIdle();
  }
  Dismiss(std::move(surplus));
  for (ExecutorProcess& executor : dead) Bury(std::move(executor));
  if (ready) OnFit();
  TopUp();
}

std::list<ExecutorProcess> ExecutorStock::TakeDead() {
  std::list<ExecutorProcess> dead;
  for (auto at = idle_.begin(); at != idle_.end();) {
    const auto executor = at++;
    if (HasEnded(*executor)) dead.splice(dead.end(), idle_, executor);
  }
  return dead;
}

// One that has ended by itself.
void ExecutorStock::Bury(ExecutorProcess executor) {
  const std::string words = LastWords(executor);
  const Loss loss{executor.pid(), executor.jobs(),
                  words.empty() ? "it ended while it waited" : words};
  OnUnfit(loss, executor.KillAndReap());
}

void ExecutorStock::OnUnfit(const Loss& loss, const ProcessEnd& end) {
  std::string reason = fmt::format("executor {}: {}; it {}", loss.pid, loss.reason, Describe(end));
  if (options_.persistent) {
    LogWarn("queue {queue}: {detail}", {{"queue", name_}, {"detail", reason}});
  }
  // What a keeper keeps has ended after it was of use: as programs do that end now and then to give
  // memory back.
  if (options_.persistent && loss.jobs > 0 && end.exit_status == 0) return;
  counters_.OnDeath(ExecutorDeath::kCrash);
  const MutexLock lock(mu_);
  if (!options_.persistent && unfit_.empty()) Set(timer_, true);
  unfit_ = std::move(reason);
  const SteadyTime now = SteadyClock::now();
  failures_ = now > next_start_ + kLivedWell ? 1 : failures_ + 1;
  next_start_ = now + StartDelay(failures_);
}

void ExecutorStock::OnFit() {
  const MutexLock lock(mu_);
  if (!options_.persistent && !unfit_.empty()) Set(timer_, false);
  unfit_.clear();
}

bool ExecutorStock::HasReadyIdle() const {
  return std::any_of(idle_.begin(), idle_.end(), IsReady);
}

bool ExecutorStock::Ready() const {
  if (!options_.persistent) return zygote_.Ready();
  const MutexLock lock(mu_);
  return ready_at_work_ > 0 || HasReadyIdle();
}

bool ExecutorStock::Healthy() const {
  const MutexLock lock(mu_);
  return unfit_.empty() && zygote_.Healthy();
}

std::string ExecutorStock::LastError() const {
  const MutexLock lock(mu_);
  return unfit_.empty() ? zygote_.LastError() : unfit_;
}

ExecutorTrouble ExecutorStock::Trouble() const {
  const MutexLock lock(mu_);
  return unfit_.empty() ? zygote_.Trouble() : ExecutorTrouble::kUnfit;
}

}  // namespace headrace
