#pragma once

#include <string>
#include <utility>
#include <variant>

namespace headrace {

// What went wrong, in the service's own terms; `http/problem` maps each code to one HTTP status.
enum class ErrorCode {
  kInvalidArgument,       // 400 malformed request, or a bad configuration
  kUnauthorized,          // 401 no key, or a wrong one
  kForbidden,             // 403
  kNotFound,              // 404
  kMethodNotAllowed,      // 405
  kNotAcceptable,         // 406
  kRequestTimeout,        // 408 the client was too slow
  kConflict,              // 409 cancelled, or not in a state that allows it
  kGone,                  // 410 its time is over
  kPayloadTooLarge,       // 413
  kUriTooLong,            // 414
  kUnsupportedMediaType,  // 415
  kRangeNotSatisfiable,   // 416
  kExpectationFailed,     // 417
  kUnprocessable,         // 422 params or payload
  kOverloaded,            // 429 queue, memory, quota, deadline out of reach
  kHeadersTooLarge,       // 431
  kInternal,              // 500 a bug of ours or of the handler
  kHandlerCrashed,        // 502 executor or upstream failed, or a result broke a limit
  kUnavailable,           // 503 draining, engine down
  kDeadlineExceeded,      // 504
};

// An expected failure. Two texts: `detail` is for the operator's log, `hint` for the client; only
// `type` and `hint` leave the process.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string type;     // stable slug of the problem, e.g. "queue-full"
  std::string hint;     // for the client: what is wrong and what to do
  std::string detail;   // for the operator; may be empty
  int retry_after = 0;  // seconds, 0: none
};

// A value or the reason why there is none. No exceptions, no null: callers must look.
template <class T>
class [[nodiscard]] Expected {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): returning a T or an Error is the point of the type
  Expected(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  // NOLINTNEXTLINE(google-explicit-constructor): as above
  Expected(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }

  [[nodiscard]] const Error& error() const& { return std::get<1>(state_); }
  [[nodiscard]] Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

// The result of an operation that returns nothing on success.
using Status = Expected<std::monostate>;
inline Status Ok() { return std::monostate{}; }

}  // namespace headrace
