#include "base/outcome.h"

#include <cstdlib>
#include <utility>

namespace headrace {

const char* ToString(JobState state) {
  switch (state) {
    case JobState::kWaiting:
      return "waiting";
    case JobState::kRunning:
      return "running";
    case JobState::kSucceeded:
      return "succeeded";
    case JobState::kFailed:
      return "failed";
    case JobState::kCancelled:
      return "cancelled";
    case JobState::kExpired:
      return "expired";
  }
  std::abort();
}

Outcome EndedAs(JobState state, Error error) {
  Outcome outcome;
  outcome.state = state;
  outcome.error = std::move(error);
  return outcome;
}

}  // namespace headrace
