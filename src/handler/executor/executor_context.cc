#include "handler/executor/executor_context.h"

#include <algorithm>

#include "base/memfd.h"
#include "handler/executor/executor_wire.h"
#include "handler/frames/part_check.h"

namespace headrace {
namespace {

// The least time between two frames that tell the progress: who watches is a person.
constexpr std::chrono::milliseconds kProgressEvery{100};

bool SendInline(std::string_view name, std::string_view media_type,
                std::span<const std::byte> bytes) {
  return SendToService(Encode(WireWriter(), PartFrame{Crc32(bytes), name, media_type, bytes}));
}

}  // namespace

bool ExecutorContext::AddPart(std::string_view name, std::string_view media_type,
                              std::span<const std::byte> bytes) {
  CheckPart(name, media_type);
  if (lost_ || part_) return false;
  lost_ = bytes.size() <= kMaxInlinePart ? !SendInline(name, media_type, bytes)
                                         : !SendThroughMemfd(name, media_type, bytes);
  if (!lost_) ++parts_;
  return !lost_;
}

std::optional<std::uint32_t> ExecutorContext::NextTask(std::uint32_t count) {
  lost_ = lost_ || !SendToService(EncodeNumber(WireWriter(), FrameType::kTaskRequest, count));
  while (!lost_ && tasks_.empty()) lost_ = !ReceiveTask();
  if (lost_ || tasks_.front() == kNoTask) return std::nullopt;
  const std::uint32_t task = tasks_.front();
  tasks_.pop_front();
  return task;
}

void ExecutorContext::Progress(std::uint32_t done, std::uint32_t total) {
  if (total == 0 || lost_ || part_) return;
  const ProgressFrame progress{std::min(done, total), total};
  const auto now = std::chrono::steady_clock::now();
  const bool last = progress.done == total && !told_last_;
  if (!last && now < progress_after_) return;
  told_last_ = told_last_ || last;
  progress_after_ = now + kProgressEvery;
  SendToService(Encode(WireWriter(), progress));
}

void ExecutorContext::Stderr(std::string_view text) {
  while (!text.empty() && !lost_) {
    lost_ = !SendToService(EncodeStderr(WireWriter(), text));
    text.remove_prefix(std::min(text.size(), kMaxStderr));
  }
}

void ExecutorContext::Usage(std::chrono::nanoseconds cpu, std::uint64_t peak_memory) {
  const auto count = std::max<std::chrono::nanoseconds::rep>(cpu.count(), 0);
  lost_ = lost_ || !SendToService(Encode(
                       WireWriter(), UsageFrame{static_cast<std::uint64_t>(count), peak_memory}));
}

int ExecutorContext::OpenPart(std::string_view name, std::string_view media_type,
                              std::uint64_t size) {
  CheckPart(name, media_type);
  if (lost_ || part_) return -1;
  part_ = AskForPart(name, media_type, size);
  lost_ = !part_;
  return part_.get();
}

bool ExecutorContext::ClosePart(std::uint32_t crc) {
  if (lost_ || !part_) return false;
  part_.reset();
  lost_ = !SendToService(EncodeNumber(WireWriter(), FrameType::kPartDone, crc));
  if (!lost_) ++parts_;
  return !lost_;
}

// The next frame if it tells a task.
bool ExecutorContext::ReceiveTask() {
  if (WireBuffer().Receive(kExecutorSocket, Wait::kYes) != ReceiveResult::kFrame) return false;
  return KeepTask();
}

bool ExecutorContext::KeepTask() {
  const auto task = DecodeNumber(WireBuffer().view().body);
  if (WireBuffer().view().type != FrameType::kTask || !task) return false;
  tasks_.push_back(*task);
  return true;
}

// The memory that the service makes for the part; none if the job is over.
UniqueFd ExecutorContext::AskForPart(std::string_view name, std::string_view media_type,
                                     std::uint64_t size) {
  if (!SendToService(Encode(WireWriter(), PartRequestFrame{size, name, media_type}))) return {};
  do {  // the next task may be told before
    if (WireBuffer().Receive(kExecutorSocket, Wait::kYes) != ReceiveResult::kFrame) return {};
  } while (KeepTask());
  const auto granted = DecodePartGrant(WireBuffer().view().body);
  UniqueFd memfd = WireBuffer().TakeFd();
  if (WireBuffer().view().type != FrameType::kPartGrant || granted != size) return {};
  return memfd;
}

// write(2) instead of a mapping: no page faults, and nothing that counts as address space.
bool ExecutorContext::SendThroughMemfd(std::string_view name, std::string_view media_type,
                                       std::span<const std::byte> bytes) {
  const UniqueFd memfd = AskForPart(name, media_type, bytes.size());
  if (!memfd || !WriteAll(memfd.get(), bytes)) return false;
  return SendToService(EncodeNumber(WireWriter(), FrameType::kPartDone, Crc32(bytes)));
}

}  // namespace headrace
