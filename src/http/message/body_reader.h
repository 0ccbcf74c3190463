#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace headrace {

// Where a request's body goes as it comes. Used on the connection's reactor thread only.
class BodySink {
 public:
  BodySink() = default;
  BodySink(const BodySink&) = delete;
  BodySink& operator=(const BodySink&) = delete;
  virtual ~BodySink() = default;

  // Takes the body's next bytes. An error ends the request; nothing is written after it.
  virtual Status Write(std::string_view bytes) = 0;
};

// Takes a request's body off the wire: by length, or chunked (RFC 9112, 7.1; extensions and
// trailers are checked and dropped). Same promises as RequestParser: any portions, linear time. The
// bytes go on to a sink, none are kept. Not thread-safe.
class BodyReader {
 public:
  enum class State { kMore, kDone, kFailed };

  // A body longer than `max_body` fails with 413. The sink outlives the reading; null drops the
  // bytes.
  void StartLength(std::uint64_t length, std::size_t max_body, BodySink* sink);
  void StartChunked(std::size_t max_body, BodySink* sink);
  // Reads `length` bytes away.
  void StartDiscard(std::uint64_t length);

  // Takes bytes up to the body's end and returns how many it took.
  std::size_t Feed(std::string_view bytes);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const Error& error() const { return error_; }  // in kFailed: 400, 413, the sink's

 private:
  enum class Step { kLength, kSize, kExtension, kSizeLf, kData, kDataCr, kDataLf, kTrailer };

  void Start(Step step, std::uint64_t left, std::size_t max_body, BodySink* sink);
  void Fail(ErrorCode code, const char* type, const char* hint);
  void Bad(const char* hint) { Fail(ErrorCode::kInvalidArgument, "malformed-request", hint); }
  std::size_t TakeData(std::string_view bytes);
  void TakeLineByte(char c);
  void CountFraming();
  void TakeSizeByte(char c);
  void TakeExtensionByte(char c);
  void TakeTrailerByte(char c);
  void EndTrailerLine(char c);
  void EndSizeLine();
  void Expect(char c, char wanted, Step next);

  BodySink* sink_ = nullptr;
  std::uint64_t allowed_ = 0;     // bytes that chunks may still bring
  std::uint64_t left_ = 0;        // bytes of the body, or of this chunk, that are still to come
  std::uint64_t data_ = 0;        // bytes that have come
  std::uint64_t framing_ = 0;     // bytes of chunks that were not data
  std::size_t digits_ = 0;        // of the chunk's size
  std::size_t overhead_ = 0;      // bytes of this chunk's extension, or of the trailer
  std::string line_;              // the extension, or the trailer's line, so far
  bool carriage_return_ = false;  // the trailer's last byte was one
  Step step_ = Step::kLength;
  State state_ = State::kDone;
  Error error_;
};

}  // namespace headrace
