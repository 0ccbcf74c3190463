#include "handler/frames/frames.h"

#include <cstdlib>
#include <cstring>

#include "handler/frames/frame_limits.h"

namespace headrace {

WireFailure ToWire(Failure::Kind kind) {
  switch (kind) {
    case Failure::Kind::kBadPayload:
      return WireFailure::kBadPayload;
    case Failure::Kind::kNotAcceptable:
      return WireFailure::kNotAcceptable;
    case Failure::Kind::kTooLarge:
      return WireFailure::kTooLarge;
    case Failure::Kind::kInternal:
      return WireFailure::kInternal;
    case Failure::Kind::kCrashed:
      return WireFailure::kCrashed;
    case Failure::Kind::kCpuLimit:
      return WireFailure::kCpuLimit;
    case Failure::Kind::kRetry:
      return WireFailure::kRetry;
  }
  std::abort();
}

void FrameWriter::Begin(FrameType type) {
  size_ = 0;
  overflow_ = false;
  U32(kFrameMagic);
  U16(static_cast<std::uint16_t>(type));
  U16(0);
  U32(0);
  U32(0);
}

void FrameWriter::Number(std::uint64_t value, std::size_t width) {
  std::array<std::byte, 8> bytes{};
  for (std::size_t i = 0; i < width; ++i) {
    bytes.at(i) = static_cast<std::byte>((value >> (8 * i)) & 0xFFU);
  }
  Raw(std::span(bytes).first(width));
}

void FrameWriter::Text(std::string_view text) {
  if (text.size() > UINT16_MAX) {
    overflow_ = true;
    return;
  }
  U16(static_cast<std::uint16_t>(text.size()));
  Raw(std::as_bytes(std::span(text)));
}

void FrameWriter::Raw(std::span<const std::byte> bytes) {
  if (overflow_ || bytes.size() > bytes_.size() - size_) {
    overflow_ = true;
    return;
  }
  if (bytes.empty()) return;
  std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

std::span<const std::byte> FrameWriter::Finish() {
  if (overflow_) return {};
  const std::size_t size = size_;
  size_ = 8;
  U32(static_cast<std::uint32_t>(size - kFrameHeader));
  size_ = size;
  return std::span(bytes_).first(size);
}

std::span<const std::byte> EncodeEmpty(FrameWriter& writer, FrameType type) {
  writer.Begin(type);
  return writer.Finish();
}

std::span<const std::byte> EncodeReason(FrameWriter& writer, FrameType type,
                                        std::string_view reason) {
  writer.Begin(type);
  writer.Text(reason.substr(0, kMaxReason));
  return writer.Finish();
}

std::span<const std::byte> Encode(FrameWriter& writer, const ForkFrame& frame) {
  writer.Begin(FrameType::kFork);
  writer.U32(frame.request);
  writer.U64(frame.limits.memory);
  writer.U64(frame.limits.cpu_seconds);
  writer.U64(frame.limits.file_size);
  writer.U32(static_cast<std::uint32_t>(frame.limits.priority));
  writer.U32(frame.limits.sandbox_required ? 1 : 0);
  writer.U32(frame.limits.jobs);
  return writer.Finish();
}

std::span<const std::byte> Encode(FrameWriter& writer, const ForkedFrame& frame) {
  writer.Begin(FrameType::kForked);
  writer.U32(frame.request);
  writer.U32(frame.pid);
  return writer.Finish();
}

std::span<const std::byte> Encode(FrameWriter& writer, const ForkFailedFrame& frame) {
  writer.Begin(FrameType::kForkFailed);
  writer.U32(frame.request);
  writer.U32(frame.error);
  return writer.Finish();
}

std::span<const std::byte> Encode(FrameWriter& writer, const JobFrame& frame) {
  writer.Begin(FrameType::kJob);
  writer.U32(frame.attempt);
  writer.U32(frame.batch);
  writer.U64(static_cast<std::uint64_t>(frame.deadline));
  writer.U64(frame.payload_size);
  writer.Text(frame.id);
  writer.Text(frame.queue);
  writer.Text(frame.tenant);
  writer.Text(frame.traceparent);
  writer.Text(frame.tracestate);
  writer.Text(frame.media_type);
  if (frame.params.size() > kMaxParams) return {};
  writer.U16(static_cast<std::uint16_t>(frame.params.size()));
  for (const auto& [name, value] : frame.params) {
    writer.Text(name);
    writer.Text(value);
  }
  return writer.Finish();
}

std::span<const std::byte> Encode(FrameWriter& writer, const PartFrame& frame) {
  writer.Begin(FrameType::kPart);
  writer.U32(frame.crc);
  writer.Text(frame.name);
  writer.Text(frame.media_type);
  writer.Raw(frame.bytes);
  return writer.Finish();
}

std::span<const std::byte> Encode(FrameWriter& writer, const PartRequestFrame& frame) {
  writer.Begin(FrameType::kPartRequest);
  writer.U64(frame.size);
  writer.Text(frame.name);
  writer.Text(frame.media_type);
  return writer.Finish();
}

std::span<const std::byte> Encode(FrameWriter& writer, const ProgressFrame& frame) {
  writer.Begin(FrameType::kProgress);
  writer.U32(frame.done);
  writer.U32(frame.total);
  return writer.Finish();
}

std::span<const std::byte> Encode(FrameWriter& writer, const FailureFrame& frame) {
  writer.Begin(FrameType::kFailure);
  writer.U8(static_cast<std::uint8_t>(frame.kind));
  writer.Text(frame.type.substr(0, kMaxFailureType));
  writer.Text(frame.hint.substr(0, kMaxFailureHint));
  writer.Text(frame.detail.substr(0, kMaxFailureDetail));
  return writer.Finish();
}

std::span<const std::byte> Encode(FrameWriter& writer, const UsageFrame& frame) {
  writer.Begin(FrameType::kUsage);
  writer.U64(frame.cpu);
  writer.U64(frame.peak_memory);
  return writer.Finish();
}

std::span<const std::byte> EncodeStderr(FrameWriter& writer, std::string_view text) {
  writer.Begin(FrameType::kStderr);
  writer.Raw(std::as_bytes(std::span(text.substr(0, kMaxStderr))));
  return writer.Finish();
}

std::span<const std::byte> EncodePartGrant(FrameWriter& writer, std::uint64_t size) {
  writer.Begin(FrameType::kPartGrant);
  writer.U64(size);
  return writer.Finish();
}

std::span<const std::byte> EncodeNumber(FrameWriter& writer, FrameType type, std::uint32_t value) {
  writer.Begin(type);
  writer.U32(value);
  return writer.Finish();
}

}  // namespace headrace
