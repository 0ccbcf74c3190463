#include "handler/executor/executor_child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "handler/executor/executor_context.h"
#include "handler/executor/executor_wire.h"

namespace headrace {
namespace {

constexpr int kUnfitStatus = 3;
constexpr int kServiceGone = 4;

void SendInternal(std::string_view detail) {
  SendToService(Encode(WireWriter(), FailureFrame{WireFailure::kInternal, "handler-failed",
                                                  "the handler could not do this job", detail}));
}

// A job's payload as read-only memory.
class MappedPayload {
 public:
  // Throws std::bad_alloc if there is no room for it.
  MappedPayload(const UniqueFd& memfd, std::uint64_t size) {
    if (size == 0 || !memfd) {
      whole_ = size == 0;
      return;
    }
    // Not fstat: on some systems that is a call that takes a path, which the sandbox refuses.
    const off_t end = lseek(memfd.get(), 0, SEEK_END);
    if (end < 0 || static_cast<std::uint64_t>(end) < size) return;
    // Private: older kernels refuse shared mappings of a memfd that is sealed against writing.
    memory_ = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, memfd.get(), 0);
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
    size_ = size;
    whole_ = true;
  }
  ~MappedPayload() {
    if (size_ != 0) munmap(memory_, size_);
  }
  MappedPayload(const MappedPayload&) = delete;
  MappedPayload& operator=(const MappedPayload&) = delete;

  // All of it arrived.
  [[nodiscard]] bool whole() const { return whole_; }
  [[nodiscard]] std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(memory_), size_};
  }

 private:
  void* memory_ = nullptr;
  std::size_t size_ = 0;
  bool whole_ = false;
};

void RunHandler(Handler& handler, const Job& job, ExecutorContext& context) {
  const auto failure = handler.Run(job, context);
  if (!failure) {
    SendToService(EncodeNumber(WireWriter(), FrameType::kDone, context.parts()));
    return;
  }
  SendToService(Encode(WireWriter(), FailureFrame{ToWire(failure->kind), failure->type,
                                                  failure->hint, failure->detail}));
}

void RunJob(Handler& handler, const JobFrame& frame, const UniqueFd& memfd) {
  Job job;
  job.id = frame.id;
  job.queue = frame.queue;
  job.params = frame.params;
  job.attempt = frame.attempt;
  job.traceparent = frame.traceparent;
  job.tracestate = frame.tracestate;
  job.media_type = frame.media_type;
  const MappedPayload payload(memfd, frame.payload_size);
  if (!payload.whole()) return SendInternal("the payload did not arrive whole");
  job.payload = payload.bytes();
  if (!job.payload.empty()) job.payload_fd = memfd.get();
  ExecutorContext context(
      ExecutorContext::SteadyTimePoint(std::chrono::nanoseconds(frame.deadline)));
  RunHandler(handler, job, context);
}

// The exceptions of a handler end here, as frames. False: what came is no job.
bool AnswerJob(Handler& handler) {
  try {
    const auto frame = DecodeJob(WireBuffer().view().body);
    const UniqueFd memfd = WireBuffer().TakeFd();
    if (!frame || WireBuffer().view().type != FrameType::kJob) return false;
    RunJob(handler, *frame, memfd);
  } catch (const std::bad_alloc&) {
    SendToService(
        Encode(WireWriter(), FailureFrame{WireFailure::kOutOfMemory, "executor-crashed", "", ""}));
  } catch (const std::exception& error) {
    SendInternal(error.what());
  } catch (...) {
    SendInternal("it threw something that is no std::exception");
  }
  return true;
}

bool SayHello() { return SendToService(EncodeEmpty(WireWriter(), FrameType::kHello)); }

bool TakeJob(Handler& handler) {
  return WireBuffer().Receive(kExecutorSocket, Wait::kYes) == ReceiveResult::kFrame &&
         AnswerJob(handler);
}

void SendUnfit(const std::string& reason) {
  SendToService(EncodeReason(WireWriter(), FrameType::kUnfit, reason));
}

std::optional<std::string> Confine(int socket, const ExecutorLimits& limits, pid_t service,
                                   Confinement& confinement) {
  // The OOM score is inherited from the zygote; the own process group is made by the service, which
  // can so tell executors that it knows from those that it never heard of.
  if (auto reason = KeepOnlySocket(socket)) return reason;
  if (auto reason = HideMemory()) return reason;
  if (auto reason = DieWithService(service)) return reason;
  if (auto reason = LimitResources(limits)) return reason;
  auto reason = confinement.Enter(service);
  return limits.sandbox_required ? reason : std::nullopt;
}

std::optional<std::string> PrepareKeeper(int socket, pid_t service) {
  if (auto reason = KeepOnlySocket(socket)) return reason;
  fcntl(kExecutorSocket, F_SETFD, FD_CLOEXEC);  // it is not its program's
  if (auto reason = HideMemory()) return reason;
  // SIGTERM is blocked: it tells the keeper to end what it keeps, and then itself.
  if (auto reason = DieWithService(service, SIGTERM)) return reason;
  return LimitKeeper();
}

std::optional<std::string> Begin(Keeper& keeper) {
  try {
    return keeper.Begin();
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

void RunExecutor(Handler& handler, int socket, const ExecutorLimits& limits, pid_t service,
                 Confinement& confinement) {
  if (const auto reason = Confine(socket, limits, service, confinement)) {
    SendUnfit(*reason);
    _exit(kUnfitStatus);
  }
  for (std::uint32_t job = 0; job < limits.jobs; ++job) {
    if (!SayHello() || !TakeJob(handler)) _exit(kServiceGone);
  }
  _exit(0);  // no destructors, no atexit: they belong to the zygote
}

void RunKeeper(Handler& handler, Keeper& keeper, int socket, const ExecutorLimits& limits,
               pid_t service) {
  if (const auto reason = PrepareKeeper(socket, service)) {
    SendUnfit(*reason);
    _exit(kUnfitStatus);
  }
  if (const auto reason = Begin(keeper)) {
    SendUnfit(*reason);
    keeper.End();
    _exit(kUnfitStatus);
  }
  bool goes_on = true;
  for (std::uint32_t job = 0; goes_on && job < limits.jobs; ++job) {
    goes_on =
        SayHello() && keeper.AwaitJob(kExecutorSocket) && TakeJob(handler) && keeper.TakesMore();
  }
  keeper.End();
  _exit(0);
}

}  // namespace headrace
