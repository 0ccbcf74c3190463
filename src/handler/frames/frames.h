#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "handler/sandbox/executor_limits.h"
#include "headrace/params.h"
#include "headrace/result.h"

// The wire between the service, a zygote and its executors: one frame per message of a local
// SOCK_SEQPACKET socket. All integers are little-endian. Nothing here allocates while it encodes,
// so that an executor at its memory limit can still say so.
//
// A frame is a header of 16 bytes and a body; together at most 16 KiB:
//
//   offset size
//        0    4  magic "HRF1" (the 1 is the version)
//        4    2  type (FrameType)
//        6    2  0, reserved
//        8    4  length of the body in bytes
//       12    4  0, reserved
//
// `text` is a u16 length and that many bytes, not terminated. Bodies, in the order of their fields:
//
//   kReady       zygote -> service    nothing: the handler is warm
//   kBroken      zygote -> service    text reason: the handler cannot be warmed; the zygote exits
//   kFork        service -> zygote    u32 request, u64 memory, u64 cpu_seconds, u64 file_size,
//                                     u32 priority (0 normal, 1 low, 2 idle),
//                                     u32 sandbox (0 as far as it goes, 1 required), u32 jobs;
//                                     one descriptor: the executor's end of its own socket
//   kForked      zygote -> service    u32 request, u32 pid; one descriptor: the pidfd
//   kForkFailed  zygote -> service    u32 request, u32 errno
//
//   kHello       executor -> service  nothing: its limits are set, it takes a job; again after each
//                                     job if it takes another one
//   kUnfit       executor -> service  text reason: its limits cannot be set; it exits
//   kJob         service -> executor  u32 attempt, u32 batch (1; reserved for `protocol: frames`),
//                                     i64 deadline (ns of CLOCK_MONOTONIC; INT64_MAX: none),
//                                     u64 payload size, text id, text queue, text tenant,
//                                     text traceparent, text tracestate, text media type of the
//                                     payload (each may be empty), u16 count,
//                                     count x (text name, text value);
//                                     one descriptor: the payload's memfd, none if its size is 0
//   kPart        executor -> service  u32 crc, text name, text media type, then the part's bytes up
//                                     to the end of the frame
//   kPartRequest executor -> service  u64 size, text name, text media type
//   kPartGrant   service -> executor  u64 size; one descriptor: a memfd of that size, sealed
//   kPartDone    executor -> service  u32 crc: the granted part is written
//   kTaskRequest executor -> service  u32 tasks of the job: the task it had is done; wants another
//   kTask        service -> executor  u32 task, from 0 on, or kNoTask: there is no other
//   kProgress    executor -> service  u32 done, u32 total: steps of the job; at most one in 100 ms,
//                                     and one more for the last step
//   kDone        executor -> service  u32 parts: the job succeeded with that many parts
//   kFailure     executor -> service  u8 kind (WireFailure), text type, text hint, text detail
//   kStderr      keeper -> service    1 to 4096 raw bytes of its program's standard error
//   kUsage       keeper -> service    u64 CPU time (ns) of its program since it was last told or
//   has
//                                     begun, u64 largest resident memory (bytes) since it has begun
//
// A keeper is an executor that has a program do its jobs (keeper.h); the last two, which others may
// not send, come while it has a job. An executor sends no descriptor, ever. `crc` is the CRC-32 of
// zip and PNG.
namespace headrace {

inline constexpr std::size_t kMaxFrame = 16'384;
inline constexpr std::size_t kFrameHeader = 16;
inline constexpr std::size_t kMaxFrameBody = kMaxFrame - kFrameHeader;

// Parts up to this size travel inside the frame, longer ones in a memfd.
inline constexpr std::size_t kMaxInlinePart = 12'288;
inline constexpr std::size_t kMaxPartName = 255;
inline constexpr std::size_t kMaxMediaType = 127;    // of a part
inline constexpr std::size_t kMaxPayloadType = 255;  // clients' have long parameters
inline constexpr std::uint32_t kNoTask = UINT32_MAX;
inline constexpr std::size_t kMaxFailureType = 64;
inline constexpr std::size_t kMaxFailureHint = 1024;
inline constexpr std::size_t kMaxFailureDetail = 4096;
inline constexpr std::size_t kMaxStderr = 4096;  // of one frame
// Of all of them in one job, headers included: more is a flood. A keeper that sends byte by byte
// can so send 3 MiB.
inline constexpr std::uint64_t kMaxJobStderr = std::uint64_t{64} << 20U;
inline constexpr int kMaxJobUsages = 16;

enum class FrameType : std::uint16_t {
  kReady = 1,
  kBroken = 2,
  kFork = 3,
  kForked = 4,
  kForkFailed = 5,
  kHello = 16,
  kUnfit = 17,
  kJob = 18,
  kPart = 19,
  kPartRequest = 20,
  kPartGrant = 21,
  kPartDone = 22,
  kDone = 23,
  kFailure = 24,
  kTaskRequest = 25,
  kTask = 26,
  kProgress = 27,
  kStderr = 32,
  kUsage = 33,
};

enum class WireFailure : std::uint8_t {
  kBadPayload = 1,
  kNotAcceptable = 2,
  kTooLarge = 3,
  kInternal = 4,
  kOutOfMemory = 5,
  kCrashed = 6,
  kCpuLimit = 7,
  kRetry = 8,
};

WireFailure ToWire(Failure::Kind kind);

struct ForkFrame {
  std::uint32_t request = 0;
  ExecutorLimits limits;
};

struct ForkedFrame {
  std::uint32_t request = 0;
  std::uint32_t pid = 0;
};

struct ForkFailedFrame {
  std::uint32_t request = 0;
  std::uint32_t error = 0;
};

// Views point into the frame, `params` into what the caller owns (encoding).
struct JobFrame {
  std::uint32_t attempt = 1;
  std::uint32_t batch = 1;
  std::int64_t deadline = INT64_MAX;
  std::uint64_t payload_size = 0;
  std::string_view id;
  std::string_view queue;
  std::string_view tenant;
  std::string_view traceparent;
  std::string_view tracestate;
  std::string_view media_type;
  Params params;
};

struct PartFrame {
  std::uint32_t crc = 0;
  std::string_view name;
  std::string_view media_type;
  std::span<const std::byte> bytes;
};

struct PartRequestFrame {
  std::uint64_t size = 0;
  std::string_view name;
  std::string_view media_type;
};

struct ProgressFrame {
  std::uint32_t done = 0;
  std::uint32_t total = 0;
};

struct FailureFrame {
  WireFailure kind = WireFailure::kInternal;
  std::string_view type;
  std::string_view hint;
  std::string_view detail;
};

struct UsageFrame {
  std::uint64_t cpu = 0;          // ns
  std::uint64_t peak_memory = 0;  // bytes
};

// Writes one frame into its own 16 KiB. Not thread-safe, reusable.
class FrameWriter {
 public:
  void Begin(FrameType type);
  void U8(std::uint8_t value) { Number(value, 1); }
  void U16(std::uint16_t value) { Number(value, 2); }
  void U32(std::uint32_t value) { Number(value, 4); }
  void U64(std::uint64_t value) { Number(value, 8); }
  void Text(std::string_view text);
  void Raw(std::span<const std::byte> bytes);

  // The finished frame; empty if it would exceed 16 KiB. Valid until the next Begin.
  [[nodiscard]] std::span<const std::byte> Finish();

 private:
  void Number(std::uint64_t value, std::size_t width);

  std::array<std::byte, kMaxFrame> bytes_{};
  std::size_t size_ = 0;
  bool overflow_ = false;
};

// One received frame: a view into the buffer it was received into.
struct FrameView {
  FrameType type = FrameType::kReady;
  std::span<const std::byte> body;
};

// The frame in `message`; nothing unless header and length are exactly right.
std::optional<FrameView> ParseFrame(std::span<const std::byte> message);

std::span<const std::byte> EncodeEmpty(FrameWriter& writer, FrameType type);
// kBroken, kUnfit: cut to 4 KiB.
std::span<const std::byte> EncodeReason(FrameWriter& writer, FrameType type,
                                        std::string_view reason);
std::span<const std::byte> Encode(FrameWriter& writer, const ForkFrame& frame);
std::span<const std::byte> Encode(FrameWriter& writer, const ForkedFrame& frame);
std::span<const std::byte> Encode(FrameWriter& writer, const ForkFailedFrame& frame);
// Empty if the params do not fit.
std::span<const std::byte> Encode(FrameWriter& writer, const JobFrame& frame);
std::span<const std::byte> Encode(FrameWriter& writer, const PartFrame& frame);
std::span<const std::byte> Encode(FrameWriter& writer, const PartRequestFrame& frame);
std::span<const std::byte> Encode(FrameWriter& writer, const ProgressFrame& frame);
// Cuts its texts to their limits.
std::span<const std::byte> Encode(FrameWriter& writer, const FailureFrame& frame);
std::span<const std::byte> Encode(FrameWriter& writer, const UsageFrame& frame);
// Cut to kMaxStderr.
std::span<const std::byte> EncodeStderr(FrameWriter& writer, std::string_view text);
std::span<const std::byte> EncodePartGrant(FrameWriter& writer, std::uint64_t size);
// kPartDone, kDone, kTaskRequest, kTask.
std::span<const std::byte> EncodeNumber(FrameWriter& writer, FrameType type, std::uint32_t value);

// Each returns nothing for a body that is too short, too long or breaks a limit above.
std::optional<std::string_view> DecodeReason(std::span<const std::byte> body);
std::optional<ForkFrame> DecodeFork(std::span<const std::byte> body);
std::optional<ForkedFrame> DecodeForked(std::span<const std::byte> body);
std::optional<ForkFailedFrame> DecodeForkFailed(std::span<const std::byte> body);
std::optional<JobFrame> DecodeJob(std::span<const std::byte> body);
std::optional<PartFrame> DecodePart(std::span<const std::byte> body);
std::optional<PartRequestFrame> DecodePartRequest(std::span<const std::byte> body);
std::optional<std::uint64_t> DecodePartGrant(std::span<const std::byte> body);
std::optional<std::uint32_t> DecodeNumber(std::span<const std::byte> body);
// `done` is at most `total`, which is not 0.
std::optional<ProgressFrame> DecodeProgress(std::span<const std::byte> body);
std::optional<FailureFrame> DecodeFailure(std::span<const std::byte> body);
std::optional<UsageFrame> DecodeUsage(std::span<const std::byte> body);
std::optional<std::string_view> DecodeStderr(std::span<const std::byte> body);

// The slug of a problem type: lower-case letters, digits and '-', at most 64 bytes; may be empty.
bool ValidSlug(std::string_view slug);
// A plain file name: letters, digits, '.', '_' and '-', not starting with '.', 1 to 255 bytes.
bool ValidPartName(std::string_view name);
// type/subtype, optionally with parameters, printable ASCII, at most `longest` bytes.
bool ValidMediaType(std::string_view media_type, std::size_t longest = kMaxMediaType);

}  // namespace headrace
