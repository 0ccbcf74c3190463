#include "handler/command/worker_frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/json.h"
#include "handler/frames/frames.h"

namespace headrace {
namespace {

constexpr std::size_t kLength = 2;  // bytes of a u16 length
constexpr std::size_t kReadyBody = 4;
constexpr std::size_t kProgressBody = 8;
constexpr std::size_t kFailureFields = 4;

void AppendNumber(std::string& out, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) {
    out.push_back(static_cast<char>((value >> (8 * i)) & 0xFFU));
  }
}

std::string JobJson(const Job& job, std::int64_t deadline_ms) {
  std::vector<std::pair<std::string, Json>> params;
  for (const auto& [name, value] : job.params) params.emplace_back(name, Json::String(value));
  return Json::Object({{"id", Json::String(job.id)},
                       {"queue", Json::String(job.queue)},
                       {"attempt", Json::Number(std::uint64_t{job.attempt})},
                       {"deadline_ms", Json::Number(static_cast<std::uint64_t>(
                                           std::max<std::int64_t>(deadline_ms, 0)))},
                       {"params", Json::Object(params)},
                       {"media_type", Json::String(job.media_type)},
                       {"traceparent", Json::String(job.traceparent)},
                       {"tracestate", Json::String(job.tracestate)}})
      .Text();
}

// Whether a frame of this type may have a body of so many bytes.
bool FitsType(WorkerFrame type, std::uint32_t body) {
  switch (type) {
    case WorkerFrame::kReady:
      return body == kReadyBody;
    case WorkerFrame::kPart:
      return body >= 2 * kLength;
    case WorkerFrame::kProgress:
      return body == kProgressBody;
    case WorkerFrame::kDone:
      return body == 0;
    case WorkerFrame::kFailure:
      return body >= kFailureFields && body <= kMaxWorkerFailure;
    case WorkerFrame::kJob:
      break;
  }
  return false;
}

// At most `size` bytes of it, cut between two characters of UTF-8.
std::string_view CutText(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return text.substr(0, size);
}

}  // namespace

std::optional<std::string> EncodeJobHead(const Job& job, std::int64_t deadline_ms) {
  const std::string json = JobJson(job, deadline_ms);
  const std::uint64_t body = sizeof(std::uint32_t) + json.size() + job.payload.size();
  if (body > UINT32_MAX) return std::nullopt;
  std::string head;
  head.reserve(kWorkerHeader + sizeof(std::uint32_t) + json.size());
  AppendNumber(head, body, 4);
  AppendNumber(head, static_cast<std::uint64_t>(WorkerFrame::kJob), 1);
  AppendNumber(head, 0, 1);
  AppendNumber(head, 1, 2);
  AppendNumber(head, json.size(), 4);
  return head + json;
}

bool WorkerStream::Feed(std::span<const std::byte> bytes) {
  while (problem_.empty() && !bytes.empty()) {
    if (state_ == State::kIdle) {
      Offends("it sent something though it had no job");
    } else if (step_ == Step::kPartBytes) {
      TakePartBytes(bytes);
    } else if (Gather(bytes)) {
      OnStep();
    }
  }
  return problem_.empty();
}

bool WorkerStream::Gather(std::span<const std::byte>& bytes) {
  const std::size_t size = std::min(bytes.size(), wanted_ - gathered_.size());
  gathered_.append(reinterpret_cast<const char*>(bytes.data()), size);
  bytes = bytes.subspan(size);
  return gathered_.size() == wanted_;
}

void WorkerStream::OnStep() {
  switch (step_) {
    case Step::kHeader:
      return OnHeader();
    case Step::kBody:
      return OnBody();
    case Step::kPartStart:
      return OnPartStart();
    case Step::kPartName:
      return OnPartName();
    case Step::kPartType:
      return OnPartType();
    case Step::kPartBytes:
      return;
  }
}

void WorkerStream::OnHeader() {
  body_ = Number(0, 4);
  type_ = static_cast<WorkerFrame>(Number(4, 1));
  if (Number(5, 1) != 0) return Offends("byte 5 of a header is not 0");
  if (Number(6, 2) != 1) return Offends("a header does not say 1 job");
  const auto type = static_cast<unsigned>(type_);
  if (!MaySend(type_)) {
    return Offends(fmt::format("it sent a frame of type {} that does not belong there", type));
  }
  if (!FitsType(type_, body_)) {
    return Offends(fmt::format("a frame of type {} has a body of {} bytes", type, body_));
  }
  if (type_ == WorkerFrame::kDone) {
    EndFrame();
    state_ = State::kIdle;
    return listener_.OnDone();
  }
  gathered_.clear();
  step_ = type_ == WorkerFrame::kPart ? Step::kPartStart : Step::kBody;
  wanted_ = type_ == WorkerFrame::kPart ? kLength : body_;
}

bool WorkerStream::MaySend(WorkerFrame type) const {
  switch (type) {
    case WorkerFrame::kReady:
      return state_ == State::kStarting;
    case WorkerFrame::kPart:
    case WorkerFrame::kProgress:
    case WorkerFrame::kDone:
    case WorkerFrame::kFailure:
      return state_ == State::kAtWork;
    case WorkerFrame::kJob:
      break;
  }
  return false;
}

void WorkerStream::OnBody() {
  if (type_ == WorkerFrame::kReady) return OnReady();
  if (type_ == WorkerFrame::kProgress) return OnProgress();
  OnFailure();
}

void WorkerStream::OnReady() {
  const std::uint32_t version = Number(0, 4);
  if (version != kWorkerProtocol) {
    return Offends(
        fmt::format("it speaks version {} of the protocol, not {}", version, kWorkerProtocol));
  }
  EndFrame();
  state_ = State::kIdle;
  listener_.OnReady();
}

void WorkerStream::OnProgress() {
  const std::uint32_t done = Number(0, 4);
  const std::uint32_t total = Number(4, 4);
  if (total == 0 || done > total) {
    return Offends(fmt::format("it told a progress of {} of {}", done, total));
  }
  EndFrame();
  listener_.OnProgress(done, total);
}

void WorkerStream::OnFailure() {
  const std::uint32_t status = Number(0, 2);
  const std::size_t hint = Number(kLength, kLength);
  if (status != 422 && status != 500 && status != 503) {
    return Offends(fmt::format("it told a failure with status {}", status));
  }
  if (hint > kMaxFailureHint || hint > gathered_.size() - kFailureFields) {
    return Offends(fmt::format("the hint of a failure has {} bytes", hint));
  }
  const std::string body = std::exchange(gathered_, {});
  const std::string_view texts = std::string_view(body).substr(kFailureFields);
  EndFrame();
  state_ = State::kIdle;
  listener_.OnFailure({static_cast<std::uint16_t>(status), texts.substr(0, hint),
                       CutText(texts.substr(hint), kMaxFailureDetail)});
}

void WorkerStream::OnPartStart() {
  name_ = Number(0, kLength);
  if (name_ == 0 || name_ > kMaxPartName || name_ + 2 * kLength > body_) {
    return Offends(fmt::format("the name of a part has {} bytes", name_));
  }
  step_ = Step::kPartName;
  wanted_ += name_ + kLength;
}

void WorkerStream::OnPartName() {
  const std::size_t media_type = Number(kLength + name_, kLength);
  if (media_type == 0 || media_type > kMaxMediaType || wanted_ + media_type > body_) {
    return Offends(fmt::format("the media type of a part has {} bytes", media_type));
  }
  step_ = Step::kPartType;
  wanted_ += media_type;
}

void WorkerStream::OnPartType() {
  const std::string texts = std::exchange(gathered_, {});
  const std::string_view name = std::string_view(texts).substr(kLength, name_);
  const std::string_view media_type = std::string_view(texts).substr(2 * kLength + name_);
  if (!ValidPartName(name)) return Offends("the name of a part is no plain file name");
  if (!ValidMediaType(media_type)) return Offends("the media type of a part is none");
  left_ = body_ - texts.size();
  step_ = Step::kPartBytes;
  listener_.OnPart({name, media_type, left_});
  if (left_ != 0) return;
  EndFrame();
  listener_.OnPartEnd();
}

void WorkerStream::TakePartBytes(std::span<const std::byte>& bytes) {
  const auto piece =
      bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left_)));
  bytes = bytes.subspan(piece.size());
  left_ -= piece.size();
  listener_.OnPartBytes(piece);
  if (left_ != 0) return;
  EndFrame();
  listener_.OnPartEnd();
}

void WorkerStream::EndFrame() {
  gathered_.clear();
  step_ = Step::kHeader;
  wanted_ = kWorkerHeader;
}

std::uint32_t WorkerStream::Number(std::size_t offset, std::size_t width) const {
  std::uint32_t value = 0;
  for (std::size_t i = width; i > 0; --i) {
    value = (value << 8U) | static_cast<unsigned char>(gathered_[offset + i - 1]);
  }
  return value;
}

void WorkerStream::Offends(std::string problem) { problem_ = std::move(problem); }

}  // namespace headrace
