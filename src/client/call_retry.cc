#include "client/call_retry.h"

#include <fmt/format.h>

#include <algorithm>

#include "client/exit_codes.h"
#include "client/pause.h"
#include "client/service_client.h"

namespace headrace {
namespace {

Error With(Error error, const std::string& more) {
  error.hint += more;
  return error;
}

}  // namespace

Status CallRetry::Again(const Error& error) {
  if (error.code != ErrorCode::kOverloaded && !IsLoss(error)) return error;
  if (cancel_.Cancelled()) return Interrupted();
  if (tries_ >= options_.most) {
    return options_.most == 0 ? error
                              : With(error, fmt::format("; given up after {} {}", options_.most,
                                                        options_.most == 1 ? "retry" : "retries"));
  }
  const std::chrono::milliseconds delay = error.retry_after > 0
                                              ? std::chrono::seconds(error.retry_after)
                                              : BackoffDelay(options_.first, tries_);
  const Deadline until = Deadline::After(delay);
  if (until >= deadline_) return With(error, "; --timeout leaves no time for another try");
  ++tries_;
  return Wait(error.hint, until);
}

Status CallRetry::Wait(const std::string& why, Deadline until) {
  while (!until.Passed()) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(until.time() - SteadyClock::now());
    tell_(why, left);
    const Deadline next = Deadline::At(until.time() - (left - std::chrono::seconds(1)));
    if (!PauseUntil(cancel_, std::min(next, until))) return Interrupted();
  }
  return Ok();
}

}  // namespace headrace
