#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/cancel_token.h"
#include "base/deadline.h"
#include "base/error.h"

namespace headrace {

struct RetryOptions {
  int most = 10;                         // tries after the first one
  std::chrono::milliseconds first{500};  // see BackoffDelay
};

// Decides whether a call that failed is made again, and waits until then: after 429 and 503 for
// their Retry-After, after a lost connection, and where no time is given, for BackoffDelay. Not
// thread-safe.
class CallRetry {
 public:
  // Told at the start of a wait and each second: why, and how long still.
  using Tell = std::function<void(const std::string& why, std::chrono::seconds left)>;

  CallRetry(CancelToken cancel, Deadline deadline, RetryOptions options, Tell tell)
      : cancel_(std::move(cancel)),
        deadline_(deadline),
        options_(options),
        tell_(std::move(tell)) {}

  // Ok: now is the time to try again. Else what to end with: the error itself where another try
  // would not help, with the reason why there is none where it was the last; or Interrupted.
  Status Again(const Error& error);

  // Something came back: what fails from now on fails anew.
  void Reset() { tries_ = 0; }

 private:
  Status Wait(const std::string& why, Deadline until);

  const CancelToken cancel_;
  const Deadline deadline_;
  const RetryOptions options_;
  const Tell tell_;
  int tries_ = 0;
};

}  // namespace headrace
