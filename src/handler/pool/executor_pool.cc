#include "handler/pool/executor_pool.h"

#include <fmt/format.h>

#include <csignal>
#include <exception>
#include <optional>
#include <utility>

#include "base/memfd.h"
#include "handler/outcomes.h"
#include "handler/pool/job_drive.h"

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
  zygote.keeper_grace = options.keeper_grace;
  zygote.warm_timeout = options.warm_timeout;
  zygote.limits.jobs = options.recycle_after;
  if (options.keeper_grace) return zygote;
  zygote.limits.memory = options.memory;
  zygote.limits.cpu_seconds = static_cast<std::uint64_t>(options.cpu.count());
  zygote.limits.file_size = options.max_result;
  zygote.limits.priority = options.priority;
  zygote.limits.sandbox_required = options.sandbox_required;
  return zygote;
}

ExecutorStock::Options ToStock(const ExecutorPoolOptions& options) {
  return {options.workers, options.keeper_grace && options.recycle_after > 1, options.held};
}

// Which limit killed it. An allocation that fails ends in an abort or a stray pointer more often
// than in a message, so a violent end near the memory limit counts as that limit's.
ExecutorDeath Classify(const ProcessEnd& end, const ExecutorPoolOptions& options) {
  if (!end.known || end.signal == 0) return ExecutorDeath::kCrash;
  if (end.signal == SIGXCPU) return ExecutorDeath::kCpu;
  if (end.signal == SIGSYS) return ExecutorDeath::kSandbox;
  // The limits are not the keeper's own; nobody kills it but a system without memory.
  if (options.keeper_grace) {
    return end.signal == SIGKILL ? ExecutorDeath::kMemory : ExecutorDeath::kCrash;
  }
  if (end.signal == SIGKILL) {
    return end.cpu >= options.cpu ? ExecutorDeath::kCpu : ExecutorDeath::kMemory;
  }
  return end.peak_memory >= options.memory / 2 ? ExecutorDeath::kMemory : ExecutorDeath::kCrash;
}

// What the failure tells of the process that did the job, or of the keeper's program.
std::optional<ExecutorDeath> DeathOf(WireFailure failure) {
  switch (failure) {
    case WireFailure::kOutOfMemory:
      return ExecutorDeath::kMemory;
    case WireFailure::kCrashed:
      return ExecutorDeath::kCrash;
    case WireFailure::kCpuLimit:
      return ExecutorDeath::kCpu;
    case WireFailure::kBadPayload:
    case WireFailure::kNotAcceptable:
    case WireFailure::kTooLarge:
    case WireFailure::kInternal:
    case WireFailure::kRetry:
      break;
  }
  return std::nullopt;
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
    : options_(std::move(options)),
      workers_(options_.workers),
      stock_(ToStock(options_), ToZygote(options_), spawn_queue, counters_) {}

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
  SlotLease slot = options_.lender->TryBorrow();
  if (!slot) return std::nullopt;
  auto taken = stock_.TakeSpare();
  if (!taken) return std::nullopt;
  return Helper{*std::move(taken), std::move(slot)};
}

Outcome ExecutorPool::Run(const QueuedJob& job) {
  const SteadyTime begin = SteadyClock::now();
  const auto run = [&]() -> Outcome {
    if (!ExecutorDrive::FitsFrame(job)) {
      return FailedOutcome({ErrorCode::kUnprocessable, "invalid-params",
                            "the parameters are too long together", ""});
    }
    // Without one it would not be seen that nobody wants the job any more.
    if (job.cancel.PollFd() < 0) return FailedOutcome(OutOfMemory("eventfd"));
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
  const bool lent = options_.lender != nullptr && !options_.keeper_grace;
  ExecutorStock::Claim claim(stock_);
  // Those that waited for a job, for the first or another one, may all have been killed meanwhile.
  const std::size_t waiting = workers_.load() * (options_.recycle_after > 1 ? 2 : 1);
  for (std::size_t unfit = 0; unfit < waiting + kUnfitBeyondAhead; ++unfit) {
    auto taken = claim.Take(job.deadline, cancel_fd);
    if (!taken) return FailedOutcome(std::move(taken).error());
    if (!*taken) return UnwantedOutcome(job);
    Helpers helpers(*this);
    JobDrive drive(
        job, payload_memfd, cancel_fd,
        {options_.max_result, options_.recycle_after, lent ? &helpers : nullptr, options_.store});
    const std::uint32_t jobs = (*taken)->jobs();
    drive.Start(*std::move(*taken));
    stock_.TopUp();
    Report report = drive.Run();
    if (report.end != End::kUnfit) {
      stock_.OnFit();
      const bool goes_on = report.executor && MayGoOn(*report.executor);
      if (goes_on) claim.Keep(*std::exchange(report.executor, std::nullopt));
      return Conclude(std::move(report));
    }
    stock_.OnUnfit({report.pid, jobs, report.reason}, report.process);
  }
  return FailedOutcome(
      {ErrorCode::kUnavailable, "executors-unavailable",
       "the processes that do this work cannot be started at the moment; try again later",
       LastError(), 5});
}

// One that is limited needs room for its next job.
bool ExecutorPool::MayGoOn(ExecutorProcess& executor) const {
  return executor.IsKeeper() || executor.AllowCpu(options_.cpu);
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
  const auto death = DeathOf(report.failure);
  if (!death) return FailureOutcome(report.failure, std::move(report.error));
  counters_.OnDeath(*death);
  Error error = Crashed(*death, report);
  if (!report.error.hint.empty()) error.hint = std::move(report.error.hint);
  return FailedOutcome(std::move(error));
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
  if (!report.error.detail.empty()) detail += ": " + report.error.detail;
  if (report.end == End::kDied) detail += fmt::format(": it {}", Describe(report.process));
  return Error{ErrorCode::kHandlerCrashed, "executor-crashed", HintFor(death), std::move(detail)};
}

ExecutorState ExecutorPool::State() const {
  ExecutorState state;
  state.ready = Ready();
  state.healthy = Healthy();
  state.figures = Figures();
  state.trouble = stock_.Trouble();
  return state;
}

}  // namespace headrace
