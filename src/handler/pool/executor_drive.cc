#include "handler/pool/executor_drive.h"

#include <chrono>
#include <utility>

#include "base/printable.h"

namespace headrace {
namespace {

// Frames read in a row before the cancel token is looked at again.
constexpr int kFramesPerRound = 64;

// From the end of its socket to the end of an executor that dies: its memory must be given back.
constexpr std::chrono::seconds kTimeToEnd{1};

// Twice as often as executors tell their progress, and a few for the beginning and the end: more is
// a flood.
constexpr std::chrono::milliseconds kProgressEvery{50};
constexpr std::int64_t kSpareProgress = 4;

JobFrame ToFrame(const QueuedJob& job) {
  JobFrame frame;
  frame.attempt = job.attempt;
  if (!job.deadline.IsNever()) {
    frame.deadline =
        std::chrono::duration_cast<std::chrono::nanoseconds>(job.deadline.time().time_since_epoch())
            .count();
  }
  frame.payload_size = job.payload.size();
  frame.id = job.id;
  frame.queue = job.queue_name;
  frame.tenant = job.tenant;
  frame.traceparent = job.Traceparent();
  frame.tracestate = job.tracestate;
  frame.media_type = job.media_type;
  frame.params = job.params;
  return frame;
}

// After a fault of its own a handler's state is not to be relied upon. A keeper's is not that of
// the program which is at fault, and it knows itself whether that one can go on.
bool SurvivesFailure(WireFailure failure, bool keeper) {
  switch (failure) {
    case WireFailure::kBadPayload:
    case WireFailure::kNotAcceptable:
      return true;
    case WireFailure::kInternal:
    case WireFailure::kRetry:
      return keeper;
    case WireFailure::kTooLarge:
    case WireFailure::kOutOfMemory:
    case WireFailure::kCrashed:
    case WireFailure::kCpuLimit:
      break;
  }
  return false;
}

// What may come while a part is open; a failure gives the part up.
bool LeavesPartOpen(FrameType type) {
  return type == FrameType::kPartDone || type == FrameType::kFailure ||
         type == FrameType::kStderr || type == FrameType::kUsage;
}

}  // namespace

ExecutorDrive::ExecutorDrive(ExecutorProcess executor, JobResult& result, Limits limits)
    : executor_(std::move(executor)), result_(result), limits_(limits), parts_(result) {
  report_.pid = executor_.pid();
}

bool ExecutorDrive::FitsFrame(const QueuedJob& job) {
  FrameWriter writer;
  return !Encode(writer, ToFrame(job)).empty();
}

void ExecutorDrive::Send(const QueuedJob& job, int payload_memfd) {
  if (executor_.IsKeeper()) stderr_.emplace(job.queue_name, job.id);
  sent_ = SendFrame(executor_.socket(), Encode(writer_, ToFrame(job)), payload_memfd, Wait::kNo) ==
          SendResult::kSent;
  if (!sent_) must_end_by_ = Deadline::After(std::chrono::seconds(0));
}

bool ExecutorDrive::IsReusable() const {
  if (executor_.jobs() + 1 >= limits_.jobs || parts_.HasOpenPart()) return false;
  if (report_.end == End::kDone) return true;
  return report_.end == End::kFailure && SurvivesFailure(report_.failure, executor_.IsKeeper());
}

std::optional<std::uint32_t> ExecutorDrive::Task() const {
  return tasks_.empty() ? std::nullopt : std::optional(tasks_.front());
}

ExecutorDrive::Report ExecutorDrive::Finish() {
  if (stderr_) stderr_->End();
  if (IsReusable()) {
    if (auto used = executor_.Settle()) {
      report_.process = *used;
      report_.executor.emplace(std::move(executor_));
      return std::move(report_);
    }
  }
  report_.process = executor_.KillAndReap();
  return std::move(report_);
}

bool ExecutorDrive::OnNews(short socket_events, short process_events) {
  if (!sent_) {
    ReadFrames();  // it may have said why
    return report_.end == End::kUnfit || Gone();
  }
  // What it sent before it died counts, so the frames come first.
  if (socket_events != 0 && ReadFrames()) return true;
  if (process_events != 0 && socket_events == 0) return Gone();
  return must_end_by_.Passed() && Violates("nothing more: it closed its socket and lived on");
}

bool ExecutorDrive::ReadFrames() {
  for (int i = 0; i < kFramesPerRound; ++i) {
    switch (buffer_.Receive(executor_.socket(), Wait::kNo)) {
      case ReceiveResult::kNothing:
        return false;
      case ReceiveResult::kGone:
        // A process closes its descriptors before it is seen to have ended. It alone knows why it
        // ends, so it is given the time to.
        closed_ = true;
        must_end_by_ = Deadline::After(kTimeToEnd);
        return false;
      case ReceiveResult::kMalformed:
        return Violates("a malformed frame");
      case ReceiveResult::kLost:
        return Violates("a descriptor");
      case ReceiveResult::kFrame:
        break;
    }
    if (OnFrame()) return true;
  }
  return false;
}

bool ExecutorDrive::OnFrame() {
  if (buffer_.HasFd()) {
    buffer_.TakeFd().reset();
    return Violates("a descriptor");
  }
  const FrameView frame = buffer_.view();
  if (said_hello_) return OnAccepted(frame);
  if (frame.type == FrameType::kUnfit) return OnUnfit(frame);
  if (frame.type != FrameType::kHello) {
    // What it says after a job is no answer to the next one, which can go to another executor.
    if (executor_.jobs() > 0) return OnLateFrame();
    return Violates("a frame before its hello");
  }
  said_hello_ = true;
  return false;
}

bool ExecutorDrive::OnAccepted(const FrameView& frame) {
  answered_ = true;
  if (parts_.HasOpenPart() && !LeavesPartOpen(frame.type)) {
    return Violates("another frame while a part is open");
  }
  switch (frame.type) {
    case FrameType::kPart:
      return OnPart(frame);
    case FrameType::kPartRequest:
      return OnPartRequest(frame);
    case FrameType::kPartDone:
      return OnPartDone(frame);
    case FrameType::kTaskRequest:
      return OnTaskRequest(frame);
    case FrameType::kProgress:
      return OnProgress(frame);
    case FrameType::kDone:
      return OnDone(frame);
    case FrameType::kFailure:
      return OnFailure(frame);
    default:
      return OnKeeperFrame(frame);
  }
}

bool ExecutorDrive::OnKeeperFrame(const FrameView& frame) {
  if (executor_.IsKeeper() && frame.type == FrameType::kStderr) return OnStderr(frame);
  if (executor_.IsKeeper() && frame.type == FrameType::kUsage) return OnUsage(frame);
  return Violates("a frame that is not an executor's");
}

bool ExecutorDrive::OnStderr(const FrameView& frame) {
  const auto text = DecodeStderr(frame.body);
  if (!text) return Violates("a malformed piece of standard error");
  return !stderr_->Add(*text) && Violates("standard error without end");
}

bool ExecutorDrive::OnUsage(const FrameView& frame) {
  const auto usage = DecodeUsage(frame.body);
  if (!usage) return Violates("a malformed usage");
  if (++usage_frames_ > kMaxJobUsages) return Violates("its usage again and again");
  executor_.AddUsage(std::chrono::nanoseconds(usage->cpu), usage->peak_memory);
  return false;
}

bool ExecutorDrive::OnPart(const FrameView& frame) {
  const auto part = DecodePart(frame.body);
  if (!part) return Violates("a malformed part");
  if (Status added = parts_.Add(Task(), *part); !added) return Refuse(std::move(added).error());
  return false;
}

bool ExecutorDrive::OnPartRequest(const FrameView& frame) {
  const auto request = DecodePartRequest(frame.body);
  if (!request) return Violates("a malformed part request");
  auto memfd = parts_.Open(*request);
  if (!memfd) return Refuse(std::move(memfd).error());
  const auto sent =
      SendFrame(executor_.socket(), EncodePartGrant(writer_, request->size), *memfd, Wait::kNo);
  // One that has gone shows at the next look at the socket.
  return sent == SendResult::kFull && Violates("requests without reading the answers");
}

bool ExecutorDrive::OnPartDone(const FrameView& frame) {
  const auto crc = DecodeNumber(frame.body);
  if (!crc || !parts_.HasOpenPart()) return Violates("the end of a part that it did not begin");
  if (Status completed = parts_.Complete(Task(), *crc); !completed) {
    return Refuse(std::move(completed).error());
  }
  return false;
}

// It has done the task that it worked on, if it had one, and wants another.
bool ExecutorDrive::OnTaskRequest(const FrameView& frame) {
  const auto count = DecodeNumber(frame.body);
  if (!count || !result_.Announce(*count)) return Violates("another count of tasks");
  if (!tasks_.empty()) {
    result_.Complete(tasks_.front());
    tasks_.pop_front();
  }
  while (!told_none_ && tasks_.size() < limits_.tasks) {
    const auto task = no_more_ ? std::nullopt : result_.NextTask();
    told_none_ = !task;
    if (task) tasks_.push_back(*task);
    const auto sent =
        SendFrame(executor_.socket(),
                  EncodeNumber(writer_, FrameType::kTask, task.value_or(kNoTask)), -1, Wait::kNo);
    if (sent == SendResult::kFull) return Violates("requests without reading the answers");
  }
  return false;
}

bool ExecutorDrive::OnProgress(const FrameView& frame) {
  const auto progress = DecodeProgress(frame.body);
  if (!progress) return Violates("a malformed progress");
  if (++progress_frames_ > kSpareProgress + (SteadyClock::now() - begin_) / kProgressEvery) {
    return Violates("progress all the time");
  }
  result_.TellProgress({progress->done, progress->total});
  return false;
}

bool ExecutorDrive::OnDone(const FrameView& frame) {
  if (DecodeNumber(frame.body) != parts_.count()) return Violates("a wrong count of parts");
  if (!tasks_.empty()) return Violates("its end with a task undone");
  return Ends(End::kDone);
}

bool ExecutorDrive::OnFailure(const FrameView& frame) {
  const auto failure = DecodeFailure(frame.body);
  if (!failure) return Violates("a malformed failure");
  report_.failure = failure->kind;
  report_.error.type = failure->type;
  report_.error.hint = failure->hint;
  report_.error.detail = Printable(failure->detail);
  return Ends(End::kFailure);
}

bool ExecutorDrive::OnLateFrame() {
  report_.reason = "it sent more after its last job";
  return Ends(End::kUnfit);
}

bool ExecutorDrive::OnUnfit(const FrameView& frame) {
  report_.reason = Printable(DecodeReason(frame.body).value_or("it gave no reason"));
  return Ends(End::kUnfit);
}

bool ExecutorDrive::Refuse(Error error) {
  report_.error = std::move(error);
  return Ends(End::kRefused);
}

bool ExecutorDrive::Violates(const char* what) {
  report_.reason = what;
  return Ends(End::kProtocol);
}

bool ExecutorDrive::Ends(End end) {
  report_.end = end;
  return true;
}

bool ExecutorDrive::Gone() {
  // One that was killed before it read the job has not begun it: another one may do it.
  const bool never_read = buffer_.PeerLeftUnread() && !answered_;
  if (sent_ && said_hello_ && !never_read) return Ends(End::kDied);
  report_.reason = "it ended before it took a job";
  return Ends(End::kUnfit);
}

}  // namespace headrace
