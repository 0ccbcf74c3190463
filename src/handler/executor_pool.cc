#include "handler/executor_pool.h"

#include <fmt/format.h>

#include <csignal>
#include <exception>
#include <optional>
#include <utility>

#include "handler/job_drive.h"
#include "handler/outcomes.h"

namespace headrace {
namespace {

using End = ExecutorDrive::End;
using Report = ExecutorDrive::Report;

// An executor that is unfit beside all those which waited forked ahead: more is no accident.
constexpr std::size_t kUnfitBeyondAhead = 2;

ZygoteOptions ToZygote(const ExecutorPoolOptions& options) {
  ZygoteOptions zygote;
  zygote.name = options.queue;
  zygote.binary = options.binary;
  zygote.arguments = options.arguments;
  zygote.limits.memory = options.memory;
  zygote.limits.cpu_seconds = static_cast<std::uint64_t>(options.cpu.count());
  zygote.limits.file_size = options.max_result;
  zygote.limits.priority = options.priority;
  zygote.limits.sandbox_required = options.sandbox_required;
  zygote.limits.jobs = options.recycle_after;
  zygote.ahead = options.workers;
  zygote.warm_timeout = options.warm_timeout;
  return zygote;
}

// Which limit killed it. An allocation that fails ends in an abort or a stray pointer more often
// than in a message, so a violent end near the memory limit counts as that limit's.
ExecutorDeath Classify(const ProcessEnd& end, const ExecutorPoolOptions& options) {
  if (!end.known || end.signal == 0) return ExecutorDeath::kCrash;
  if (end.signal == SIGXCPU) return ExecutorDeath::kCpu;
  if (end.signal == SIGSYS) return ExecutorDeath::kSandbox;
  if (end.signal == SIGKILL) {
    return end.cpu >= options.cpu ? ExecutorDeath::kCpu : ExecutorDeath::kMemory;
  }
  return end.peak_memory >= options.memory / 2 ? ExecutorDeath::kMemory : ExecutorDeath::kCrash;
}

const char* HintFor(ExecutorDeath death) {
  switch (death) {
    case ExecutorDeath::kMemory:
      return "the job needs more memory than it may use; send a smaller one or ask for less";
    case ExecutorDeath::kCpu:
      return "the job needs more CPU time than it may use; send a smaller one or ask for less";
    case ExecutorDeath::kSandbox:
      return "the job made its handler try what it may not do; sending it again will most likely "
             "do the same";
    case ExecutorDeath::kProtocol:
    case ExecutorDeath::kCrash:
      return "the job made its handler crash; sending it again will most likely do the same";
    case ExecutorDeath::kDeadline:
    case ExecutorDeath::kCancelled:
    case ExecutorDeath::kResult:
      break;
  }
  return "";
}

}  // namespace

ExecutorPool::ExecutorPool(ExecutorPoolOptions options, SpawnQueue& spawn_queue)
    : options_(std::move(options)), zygote_(ToZygote(options_), spawn_queue, counters_) {}

// Lends executors of this pool to one job.
class ExecutorPool::Helpers final : public HelperSource {
 public:
  explicit Helpers(ExecutorPool& pool) : pool_(pool) {}
  std::optional<Helper> TryTake() override { return pool_.TakeHelper(); }
  [[nodiscard]] bool WantsBack() const override { return pool_.options_.lender->Wanted(); }

 private:
  ExecutorPool& pool_;
};

std::optional<Helper> ExecutorPool::TakeHelper() {
  constexpr int kNoCancel = -1;
  SlotLease slot = options_.lender->TryBorrow();
  if (!slot) return std::nullopt;
  auto taken = zygote_.Take(Deadline::After(std::chrono::seconds(0)), kNoCancel);
  if (!taken || !*taken) return std::nullopt;
  zygote_.TopUp();
  return Helper{*std::move(*taken), std::move(slot)};
}

Outcome ExecutorPool::Run(const QueuedJob& job) {
  const SteadyTime begin = SteadyClock::now();
  const auto run = [&]() -> Outcome {
    if (!ExecutorDrive::FitsFrame(job)) {
      return FailedOutcome({ErrorCode::kUnprocessable, "invalid-params",
                            "the parameters are too long together", ""});
    }
    UniqueFd memfd;
    if (job.payload.size() > 0) {
      auto made = job.payload.ToMemfd();
      if (!made) return FailedOutcome(std::move(made).error());
      memfd = std::move(*made);
    }
    return Attempt(job, memfd.get());
  };
  Outcome outcome;
  try {
    outcome = run();
  } catch (const std::exception& error) {  // no memory
    outcome = FailedOutcome({ErrorCode::kUnavailable, "out-of-resources",
                             "the service is short of memory; try again later", error.what(), 1});
  }
  outcome.timings.run = SteadyClock::now() - begin;
  return outcome;
}

Outcome ExecutorPool::Attempt(const QueuedJob& job, int payload_memfd) {
  const int cancel_fd = job.cancel.PollFd();
  // Those that waited for a job, for the first or another one, may all have been killed meanwhile.
  const std::size_t waiting = options_.workers * (options_.recycle_after > 1 ? 2 : 1);
  for (std::size_t unfit = 0; unfit < waiting + kUnfitBeyondAhead; ++unfit) {
    auto taken = Take(job, cancel_fd);
    if (!taken) return FailedOutcome(std::move(taken).error());
    if (!*taken) return UnwantedOutcome(job);
    Helpers helpers(*this);
    JobDrive drive(job, payload_memfd, cancel_fd,
                   {options_.max_result, options_.recycle_after,
                    options_.lender == nullptr ? nullptr : &helpers});
    drive.Start(*std::move(*taken));
    zygote_.TopUp();
    Report report = drive.Run();
    if (report.end != End::kUnfit) {
      SetUnfit("");
      if (report.executor) Keep(*std::exchange(report.executor, std::nullopt));
      return Conclude(std::move(report));
    }
    SetUnfit(
        fmt::format("executor {}: {}; it {}", report.pid, report.reason, Describe(report.process)));
    counters_.OnDeath(ExecutorDeath::kCrash);
  }
  return FailedOutcome(
      {ErrorCode::kUnavailable, "executors-unavailable",
       "the processes that do this work cannot be started at the moment; try again later",
       LastError(), 5});
}

Expected<std::optional<ExecutorProcess>> ExecutorPool::Take(const QueuedJob& job, int cancel_fd) {
  {
    const MutexLock lock(mu_);
    if (!idle_.empty()) {
      std::optional<ExecutorProcess> executor(std::move(idle_.back()));
      idle_.pop_back();
      return executor;
    }
  }
  return zygote_.Take(job.deadline, cancel_fd);
}

void ExecutorPool::Keep(ExecutorProcess executor) {
  if (!executor.AllowCpu(options_.cpu)) return;  // it ends here
  const MutexLock lock(mu_);
  idle_.push_back(std::move(executor));
}

Outcome ExecutorPool::Conclude(Report report) {
  const JobTimings timings{Seconds{0}, Seconds{0}, report.process.cpu, report.process.peak_memory};
  Outcome outcome;
  switch (report.end) {
    case End::kDone:
      outcome.state = JobState::kSucceeded;
      outcome.parts = std::move(report.parts);
      break;
    case End::kFailure:
      outcome = ConcludeFailure(std::move(report));
      break;
    case End::kRefused:
      counters_.OnDeath(ExecutorDeath::kResult);
      outcome = FailedOutcome(std::move(report.error));
      break;
    case End::kCancelled:
      counters_.OnDeath(ExecutorDeath::kCancelled);
      outcome = CancelledOutcome();
      break;
    case End::kDeadline:
      counters_.OnDeath(ExecutorDeath::kDeadline);
      outcome = ExpiredOutcome();
      break;
    case End::kProtocol:
    case End::kDied:
    case End::kUnfit:
      outcome = ConcludeDeath(report);
      break;
  }
  outcome.timings = timings;
  return outcome;
}

Outcome ExecutorPool::ConcludeFailure(Report report) {
  if (report.failure == WireFailure::kOutOfMemory) {
    counters_.OnDeath(ExecutorDeath::kMemory);
    return FailedOutcome(Crashed(ExecutorDeath::kMemory, report));
  }
  return FailureOutcome(report.failure, std::move(report.error));
}

Outcome ExecutorPool::ConcludeDeath(const Report& report) {
  const ExecutorDeath death =
      report.end == End::kProtocol ? ExecutorDeath::kProtocol : Classify(report.process, options_);
  counters_.OnDeath(death);
  return FailedOutcome(Crashed(death, report));
}

Error ExecutorPool::Crashed(ExecutorDeath death, const Report& report) const {
  std::string detail = fmt::format("executor {}", report.pid);
  switch (death) {
    case ExecutorDeath::kMemory:
      detail += fmt::format(": memory limit ({} bytes)", options_.memory);
      break;
    case ExecutorDeath::kCpu:
      detail += fmt::format(": cpu limit ({} s)", options_.cpu.count());
      break;
    case ExecutorDeath::kProtocol:
      detail += fmt::format(" was killed for sending {}", report.reason);
      break;
    case ExecutorDeath::kSandbox:
      detail += ": sandbox (it made a system call that the filter forbids)";
      break;
    case ExecutorDeath::kCrash:
    case ExecutorDeath::kDeadline:
    case ExecutorDeath::kCancelled:
    case ExecutorDeath::kResult:
      break;
  }
  if (report.end == End::kDied) detail += fmt::format(": it {}", Describe(report.process));
  return Error{ErrorCode::kHandlerCrashed, "executor-crashed", HintFor(death), std::move(detail)};
}

void ExecutorPool::SetUnfit(std::string reason) {
  const MutexLock lock(mu_);
  unfit_ = std::move(reason);
}

bool ExecutorPool::Healthy() const {
  const MutexLock lock(mu_);
  return unfit_.empty() && zygote_.Healthy();
}

ExecutorState ExecutorPool::State() const {
  ExecutorState state;
  state.ready = Ready();
  state.healthy = Healthy();
  state.figures = Figures();
  const MutexLock lock(mu_);
  state.trouble = unfit_.empty() ? zygote_.Trouble() : ExecutorTrouble::kUnfit;
  return state;
}

std::string ExecutorPool::LastError() const {
  const MutexLock lock(mu_);
  return unfit_.empty() ? zygote_.LastError() : unfit_;
}

}  // namespace headrace
