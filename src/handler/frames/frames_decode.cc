#include <algorithm>

#include "handler/frames/frame_limits.h"
#include "handler/frames/frames.h"

namespace headrace {
namespace {

constexpr auto kLastFailure = static_cast<std::uint8_t>(WireFailure::kRetry);

std::uint64_t LoadNumber(std::span<const std::byte> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) {
    value = (value << 8U) | std::to_integer<std::uint64_t>(bytes[i - 1]);
  }
  return value;
}

std::string_view AsText(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Reads fields from a body; after the first field that is not there everything reads as zero and
// `Complete` is false.
class FrameReader {
 public:
  explicit FrameReader(std::span<const std::byte> body) : rest_(body) {}

  std::uint8_t U8() { return static_cast<std::uint8_t>(LoadNumber(Take(1))); }
  std::uint16_t U16() { return static_cast<std::uint16_t>(LoadNumber(Take(2))); }
  std::uint32_t U32() { return static_cast<std::uint32_t>(LoadNumber(Take(4))); }
  std::uint64_t U64() { return LoadNumber(Take(8)); }
  std::string_view Text() { return AsText(Take(U16())); }
  std::span<const std::byte> Rest() { return Take(rest_.size()); }

  [[nodiscard]] bool sound() const { return sound_; }
  [[nodiscard]] bool Complete() const { return sound_ && rest_.empty(); }

 private:
  std::span<const std::byte> Take(std::size_t size) {
    if (!sound_ || size > rest_.size()) {
      sound_ = false;
      return {};
    }
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  std::span<const std::byte> rest_;
  bool sound_ = true;
};

bool IsNameChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

bool ValidPart(std::string_view name, std::string_view media_type) {
  return ValidPartName(name) && ValidMediaType(media_type);
}

}  // namespace

std::optional<FrameView> ParseFrame(std::span<const std::byte> message) {
  if (message.size() < kFrameHeader || message.size() > kMaxFrame) return std::nullopt;
  FrameReader header(message.first(kFrameHeader));
  const std::uint32_t magic = header.U32();
  const std::uint16_t type = header.U16();
  const std::uint16_t reserved = header.U16();
  const std::uint32_t length = header.U32();
  const std::uint32_t reserved_too = header.U32();
  if (magic != kFrameMagic || reserved != 0 || reserved_too != 0) return std::nullopt;
  if (length != message.size() - kFrameHeader) return std::nullopt;
  return FrameView{static_cast<FrameType>(type), message.subspan(kFrameHeader)};
}

std::optional<std::string_view> DecodeReason(std::span<const std::byte> body) {
  FrameReader reader(body);
  const std::string_view reason = reader.Text();
  if (!reader.Complete() || reason.size() > kMaxReason) return std::nullopt;
  return reason;
}

std::optional<ForkFrame> DecodeFork(std::span<const std::byte> body) {
  FrameReader reader(body);
  ForkFrame frame;
  frame.request = reader.U32();
  frame.limits.memory = reader.U64();
  frame.limits.cpu_seconds = reader.U64();
  frame.limits.file_size = reader.U64();
  const std::uint32_t priority = reader.U32();
  frame.limits.priority = static_cast<ExecutorPriority>(priority);
  const std::uint32_t sandbox = reader.U32();
  frame.limits.sandbox_required = sandbox == 1;
  frame.limits.jobs = reader.U32();
  const bool known =
      priority <= static_cast<std::uint32_t>(ExecutorPriority::kIdle) && sandbox <= 1;
  if (!reader.Complete() || !known || frame.limits.jobs == 0) return std::nullopt;
  return frame;
}

std::optional<ForkedFrame> DecodeForked(std::span<const std::byte> body) {
  FrameReader reader(body);
  ForkedFrame frame;
  frame.request = reader.U32();
  frame.pid = reader.U32();
  // Process 1 and a number that reads as negative would turn kill(-pid) into something else.
  if (!reader.Complete() || frame.pid <= 1 || frame.pid > INT32_MAX) return std::nullopt;
  return frame;
}

std::optional<ForkFailedFrame> DecodeForkFailed(std::span<const std::byte> body) {
  FrameReader reader(body);
  ForkFailedFrame frame;
  frame.request = reader.U32();
  frame.error = reader.U32();
  if (!reader.Complete()) return std::nullopt;
  return frame;
}

std::optional<JobFrame> DecodeJob(std::span<const std::byte> body) {
  FrameReader reader(body);
  JobFrame frame;
  frame.attempt = reader.U32();
  frame.batch = reader.U32();
  frame.deadline = static_cast<std::int64_t>(reader.U64());
  frame.payload_size = reader.U64();
  frame.id = reader.Text();
  frame.queue = reader.Text();
  frame.tenant = reader.Text();
  frame.traceparent = reader.Text();
  frame.tracestate = reader.Text();
  frame.media_type = reader.Text();
  const std::size_t count = reader.U16();
  if (!reader.sound() || count > kMaxParams) return std::nullopt;
  for (std::size_t i = 0; i < count && reader.sound(); ++i) {
    const std::string_view name = reader.Text();
    frame.params.insert_or_assign(std::string(name), std::string(reader.Text()));
  }
  if (!reader.Complete() || frame.params.size() != count) return std::nullopt;
  return frame;
}

std::optional<PartFrame> DecodePart(std::span<const std::byte> body) {
  FrameReader reader(body);
  PartFrame frame;
  frame.crc = reader.U32();
  frame.name = reader.Text();
  frame.media_type = reader.Text();
  frame.bytes = reader.Rest();
  if (!reader.Complete() || !ValidPart(frame.name, frame.media_type)) return std::nullopt;
  return frame;
}

std::optional<PartRequestFrame> DecodePartRequest(std::span<const std::byte> body) {
  FrameReader reader(body);
  PartRequestFrame frame;
  frame.size = reader.U64();
  frame.name = reader.Text();
  frame.media_type = reader.Text();
  if (!reader.Complete() || !ValidPart(frame.name, frame.media_type)) return std::nullopt;
  return frame;
}

std::optional<std::uint64_t> DecodePartGrant(std::span<const std::byte> body) {
  FrameReader reader(body);
  const std::uint64_t size = reader.U64();
  if (!reader.Complete()) return std::nullopt;
  return size;
}

std::optional<std::uint32_t> DecodeNumber(std::span<const std::byte> body) {
  FrameReader reader(body);
  const std::uint32_t value = reader.U32();
  if (!reader.Complete()) return std::nullopt;
  return value;
}

std::optional<ProgressFrame> DecodeProgress(std::span<const std::byte> body) {
  FrameReader reader(body);
  ProgressFrame frame;
  frame.done = reader.U32();
  frame.total = reader.U32();
  if (!reader.Complete() || frame.total == 0 || frame.done > frame.total) return std::nullopt;
  return frame;
}

std::optional<FailureFrame> DecodeFailure(std::span<const std::byte> body) {
  FrameReader reader(body);
  FailureFrame frame;
  const std::uint8_t kind = reader.U8();
  frame.type = reader.Text();
  frame.hint = reader.Text();
  frame.detail = reader.Text();
  if (!reader.Complete() || kind < 1 || kind > kLastFailure) return std::nullopt;
  frame.kind = static_cast<WireFailure>(kind);
  if (!ValidSlug(frame.type) || frame.hint.size() > kMaxFailureHint ||
      frame.detail.size() > kMaxFailureDetail) {
    return std::nullopt;
  }
  return frame;
}

std::optional<UsageFrame> DecodeUsage(std::span<const std::byte> body) {
  FrameReader reader(body);
  UsageFrame frame;
  frame.cpu = reader.U64();
  frame.peak_memory = reader.U64();
  if (!reader.Complete() || frame.cpu > INT64_MAX) return std::nullopt;
  return frame;
}

std::optional<std::string_view> DecodeStderr(std::span<const std::byte> body) {
  if (body.empty() || body.size() > kMaxStderr) return std::nullopt;
  return AsText(body);
}

bool ValidSlug(std::string_view slug) {
  return slug.size() <= kMaxFailureType && std::all_of(slug.begin(), slug.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

bool ValidPartName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxPartName && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), IsNameChar);
}

bool ValidMediaType(std::string_view media_type, std::size_t longest) {
  const std::size_t slash = media_type.find('/');
  return slash != std::string_view::npos && slash > 0 && slash + 1 < media_type.size() &&
         media_type.size() <= longest &&
         std::all_of(media_type.begin(), media_type.end(),
                     [](char c) { return c >= 0x20 && c <= 0x7E; });
}

}  // namespace headrace
