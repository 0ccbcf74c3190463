#include "handler/executor_child.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <exception>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "handler/frame_socket.h"
#include "handler/part_check.h"
#include "handler/sandbox.h"

namespace headrace {
namespace {

using SteadyTimePoint = std::chrono::steady_clock::time_point;

// The least time between two frames that tell the progress: who watches is a person.
constexpr std::chrono::milliseconds kProgressEvery{100};
constexpr int kUnfitStatus = 3;
constexpr int kServiceGone = 4;

// Wire buffers of this process. Static: they must be there when no memory is left.
FrameWriter& Writer() {
  static FrameWriter writer;
  return writer;
}
FrameBuffer& Buffer() {
  static FrameBuffer buffer;
  return buffer;
}

bool Send(std::span<const std::byte> frame) {
  return SendFrame(kExecutorSocket, frame) == SendResult::kSent;
}

bool WriteAll(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

class ExecutorContext final : public Context {
 public:
  explicit ExecutorContext(SteadyTimePoint deadline) : deadline_(deadline) {}

  // Whoever cancels a job kills its executor; what is left to see here is the deadline.
  [[nodiscard]] bool Cancelled() const override {
    return std::chrono::steady_clock::now() >= deadline_;
  }
  [[nodiscard]] SteadyTimePoint Deadline() const override { return deadline_; }

  [[nodiscard]] bool AddPart(std::string_view name, std::string_view media_type,
                             std::span<const std::byte> bytes) override {
    CheckPart(name, media_type);
    if (lost_) return false;
    lost_ = bytes.size() <= kMaxInlinePart ? !SendInline(name, media_type, bytes)
                                           : !SendThroughMemfd(name, media_type, bytes);
    if (!lost_) ++parts_;
    return !lost_;
  }

  [[nodiscard]] std::optional<std::uint32_t> NextTask(std::uint32_t count) override {
    lost_ = lost_ || !Send(EncodeNumber(Writer(), FrameType::kTaskRequest, count));
    while (!lost_ && tasks_.empty()) lost_ = !ReceiveTask();
    if (lost_ || tasks_.front() == kNoTask) return std::nullopt;
    const std::uint32_t task = tasks_.front();
    tasks_.pop_front();
    return task;
  }

  void Progress(std::uint32_t done, std::uint32_t total) override {
    if (total == 0 || lost_) return;
    const ProgressFrame progress{std::min(done, total), total};
    const auto now = std::chrono::steady_clock::now();
    const bool last = progress.done == total && !told_last_;
    if (!last && now < progress_after_) return;
    told_last_ = told_last_ || last;
    progress_after_ = now + kProgressEvery;
    Send(Encode(Writer(), progress));
  }

  [[nodiscard]] std::uint32_t parts() const { return parts_; }

 private:
  static bool SendInline(std::string_view name, std::string_view media_type,
                         std::span<const std::byte> bytes) {
    return Send(Encode(Writer(), PartFrame{Crc32(bytes), name, media_type, bytes}));
  }

  // The next frame if it tells a task.
  bool ReceiveTask() {
    if (Buffer().Receive(kExecutorSocket, Wait::kYes) != ReceiveResult::kFrame) return false;
    return KeepTask();
  }
  bool KeepTask() {
    const auto task = DecodeNumber(Buffer().view().body);
    if (Buffer().view().type != FrameType::kTask || !task) return false;
    tasks_.push_back(*task);
    return true;
  }

  // write(2) instead of a mapping: no page faults, and nothing that counts as address space.
  bool SendThroughMemfd(std::string_view name, std::string_view media_type,
                        std::span<const std::byte> bytes) {
    if (!Send(Encode(Writer(), PartRequestFrame{bytes.size(), name, media_type}))) return false;
    do {  // the next task may be told before
      if (Buffer().Receive(kExecutorSocket, Wait::kYes) != ReceiveResult::kFrame) return false;
    } while (KeepTask());
    const auto size = DecodePartGrant(Buffer().view().body);
    const UniqueFd memfd = Buffer().TakeFd();
    if (Buffer().view().type != FrameType::kPartGrant || size != bytes.size() || !memfd)
      return false;
    if (!WriteAll(memfd.get(), bytes)) return false;
    return Send(EncodeNumber(Writer(), FrameType::kPartDone, Crc32(bytes)));
  }

  const SteadyTimePoint deadline_;
  std::uint32_t parts_ = 0;
  std::deque<std::uint32_t> tasks_;  // that it was told, kNoTask at their end
  bool lost_ = false;
  bool told_last_ = false;
  SteadyTimePoint progress_after_;  // not before this
};

void SendInternal(std::string_view detail) {
  Send(Encode(Writer(), FailureFrame{WireFailure::kInternal, "handler-failed",
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
    Send(EncodeNumber(Writer(), FrameType::kDone, context.parts()));
    return;
  }
  Send(Encode(Writer(),
              FailureFrame{ToWire(failure->kind), failure->type, failure->hint, failure->detail}));
}

void RunJob(Handler& handler, const JobFrame& frame, const UniqueFd& memfd) {
  Job job;
  job.id = frame.id;
  job.queue = frame.queue;
  job.params = frame.params;
  job.attempt = frame.attempt;
  job.traceparent = frame.traceparent;
  job.media_type = frame.media_type;
  const MappedPayload payload(memfd, frame.payload_size);
  if (!payload.whole()) return SendInternal("the payload did not arrive whole");
  job.payload = payload.bytes();
  ExecutorContext context(SteadyTimePoint(std::chrono::nanoseconds(frame.deadline)));
  RunHandler(handler, job, context);
}

// The exceptions of a handler end here, as frames.
void AnswerJob(Handler& handler) {
  try {
    const auto frame = DecodeJob(Buffer().view().body);
    const UniqueFd memfd = Buffer().TakeFd();
    if (!frame || Buffer().view().type != FrameType::kJob) _exit(kServiceGone);
    RunJob(handler, *frame, memfd);
  } catch (const std::bad_alloc&) {
    Send(Encode(Writer(), FailureFrame{WireFailure::kOutOfMemory, "executor-crashed", "", ""}));
  } catch (const std::exception& error) {
    SendInternal(error.what());
  } catch (...) {
    SendInternal("it threw something that is no std::exception");
  }
}

std::optional<std::string> Confine(int socket, const ExecutorLimits& limits, pid_t service,
                                   Confinement& confinement) {
  // The OOM score is inherited from the zygote; the own process group is made by the service, which
  // can so tell executors that it knows from those that it never heard of.
  if (auto reason = KeepOnlySocket(socket)) return reason;
  if (auto reason = HideMemory()) return reason;
  if (auto reason = DieWithService(service)) return reason;
  if (auto reason = LimitResources(limits)) return reason;
  auto reason = confinement.Enter();
  return limits.sandbox_required ? reason : std::nullopt;
}

}  // namespace

void RunExecutor(Handler& handler, int socket, const ExecutorLimits& limits, pid_t service,
                 Confinement& confinement) {
  if (const auto reason = Confine(socket, limits, service, confinement)) {
    Send(EncodeReason(Writer(), FrameType::kUnfit, *reason));
    _exit(kUnfitStatus);
  }
  for (std::uint32_t job = 0; job < limits.jobs; ++job) {
    if (!Send(EncodeEmpty(Writer(), FrameType::kHello))) _exit(kServiceGone);
    if (Buffer().Receive(kExecutorSocket, Wait::kYes) != ReceiveResult::kFrame) _exit(kServiceGone);
    AnswerJob(handler);
  }
  _exit(0);  // no destructors, no atexit: they belong to the zygote
}

}  // namespace headrace
