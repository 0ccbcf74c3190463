#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message/request_head.h"

namespace headrace {

// Reads a request's head (RFC 9112, sections 2 to 6), strictly: whatever two servers could
// understand differently is refused. It takes bytes in any portions, in time linear in their
// number, and comes to the same result whatever the portions. Not thread-safe.
class RequestParser {
 public:
  struct Limits {
    std::size_t request_line = std::size_t{8} << 10;
    std::size_t head_bytes = std::size_t{32} << 10;
    std::size_t fields = 100;
  };
  enum class State { kMore, kDone, kFailed };

  explicit RequestParser(Limits limits) : limits_(limits) {}

  // Takes bytes up to the head's end and returns how many it took; what follows is the body's.
  std::size_t Feed(std::string_view bytes);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool Untouched() const { return text_.empty() && state_ == State::kMore; }
  [[nodiscard]] const RequestHead& head() const { return head_; }  // in kDone
  [[nodiscard]] const Error& error() const { return error_; }  // in kFailed: 400, 414, 417 or 431

  // Ready for the next request; keeps the buffer, unless it is large.
  void Reset();
  [[nodiscard]] std::size_t Held() const { return text_.capacity(); }  // bytes of the buffer

 private:
  void Fail(ErrorCode code, const char* type, std::string hint);
  void Bad(std::string hint) {
    Fail(ErrorCode::kInvalidArgument, "malformed-request", std::move(hint));
  }
  bool WithinLimits();
  void EndLine();
  void Parse();
  bool ParseRequestLine(std::string_view line);
  bool ParseTarget(std::string_view target);
  bool ParseField(std::string_view line);
  bool ParseFraming();
  bool ParseExpect();
  bool ParseContentLength();
  bool ParseHost();
  [[nodiscard]] std::size_t Count(std::string_view name) const;

  const Limits limits_;
  std::string text_;  // the head so far
  std::size_t line_start_ = 0;
  std::size_t first_line_end_ = 0;  // 0: the request line is not complete
  std::size_t blank_lines_ = 0;     // before the request line
  State state_ = State::kMore;
  RequestHead head_;
  Error error_;
};

}  // namespace headrace
