#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "headrace/job.h"

// The wire of `protocol: frames`, between a keeper and the worker that it runs: a byte stream in
// both directions. docs/handlers.md#frames has it byte by byte, for authors of workers. All
// integers are little-endian.
//
//   offset size
//        0    4  length of the body in bytes
//        4    1  type (WorkerFrame)
//        5    1  0, reserved
//        6    2  jobs in this frame: 1; reserved for batches
//
//   kReady     worker -> keeper  u32 version of the protocol: 1. The worker takes a job; once
//   kJob       keeper -> worker  u32 length, that many bytes of JSON, then the payload
//   kPart      worker -> keeper  u16 length, name, u16 length, media type, then the part's bytes
//   kProgress  worker -> keeper  u32 done, u32 total
//   kDone      worker -> keeper  nothing: the job succeeded with the parts that were sent
//   kFailure   worker -> keeper  u16 status (422, 500 or 503), u16 length, hint for the client,
//   then
//                                detail for the log
namespace headrace {

inline constexpr std::uint32_t kWorkerProtocol = 1;
inline constexpr std::size_t kWorkerHeader = 8;
// Largest body of a kFailure: what is said beyond the log's share is not an offence, this is.
inline constexpr std::size_t kMaxWorkerFailure = 65'536;

enum class WorkerFrame : std::uint8_t {
  kReady = 1,
  kJob = 2,
  kPart = 3,
  kProgress = 4,
  kDone = 5,
  kFailure = 6,
};

// Header, JSON and its length: what stands before the payload of a kJob. Nothing if the frame would
// exceed 4 GiB.
std::optional<std::string> EncodeJobHead(const Job& job, std::int64_t deadline_ms);

struct WorkerPart {
  std::string_view name;
  std::string_view media_type;
  std::uint64_t size = 0;
};

struct WorkerFailure {
  std::uint16_t status = 0;
  std::string_view hint;
  std::string_view detail;  // at most as much as a failure's detail may have
};

// What a worker says. Called by WorkerStream::Feed; views are valid during the call.
class WorkerListener {
 public:
  WorkerListener() = default;
  WorkerListener(const WorkerListener&) = delete;
  WorkerListener& operator=(const WorkerListener&) = delete;
  virtual ~WorkerListener() = default;

  virtual void OnReady() = 0;
  // A part begins; its `size` bytes follow in pieces, then its end.
  virtual void OnPart(const WorkerPart& part) = 0;
  virtual void OnPartBytes(std::span<const std::byte> bytes) = 0;
  virtual void OnPartEnd() = 0;
  virtual void OnProgress(std::uint32_t done, std::uint32_t total) = 0;
  // Either ends the job.
  virtual void OnDone() = 0;
  virtual void OnFailure(const WorkerFailure& failure) = 0;
};

// Understands the bytes of a worker, in whatever pieces they come: first kReady, then nothing until
// a job is begun, then parts and progress, then one kDone or kFailure. Nothing is kept that a
// length of the worker's decides, but names and failures within their limits. Not thread-safe.
class WorkerStream {
 public:
  // The listener outlives it.
  explicit WorkerStream(WorkerListener& listener) : listener_(listener) {}

  // A job was sent to a worker that is idle.
  void BeginJob() { state_ = State::kAtWork; }

  // False from the first offence on; problem() says what it was.
  bool Feed(std::span<const std::byte> bytes);
  [[nodiscard]] const std::string& problem() const { return problem_; }

  // It has said that it is ready, and every job has ended.
  [[nodiscard]] bool idle() const { return state_ == State::kIdle; }

 private:
  enum class State { kStarting, kIdle, kAtWork };
  enum class Step { kHeader, kBody, kPartStart, kPartName, kPartType, kPartBytes };

  // What is still missing of the step under way is taken from `bytes`; true when it is complete.
  bool Gather(std::span<const std::byte>& bytes);
  void OnStep();
  void OnHeader();
  void OnBody();
  void OnReady();
  void OnProgress();
  void OnFailure();
  void OnPartStart();
  void OnPartName();
  void OnPartType();
  void TakePartBytes(std::span<const std::byte>& bytes);
  void EndFrame();
  [[nodiscard]] bool MaySend(WorkerFrame type) const;
  [[nodiscard]] std::uint32_t Number(std::size_t offset, std::size_t width) const;
  void Offends(std::string problem);

  WorkerListener& listener_;
  State state_ = State::kStarting;
  Step step_ = Step::kHeader;
  std::size_t wanted_ = kWorkerHeader;  // bytes that the step takes; checked before they are kept
  std::string gathered_;                // those that have come; never more than `wanted_`
  WorkerFrame type_ = WorkerFrame::kReady;
  std::uint32_t body_ = 0;  // length of the frame's body
  std::uint64_t left_ = 0;  // bytes of the part that are still to come
  std::size_t name_ = 0;    // length of the part's name
  std::string problem_;
};

}  // namespace headrace
