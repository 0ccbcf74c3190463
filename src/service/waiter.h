#pragma once

#include <string>

#include "base/outcome.h"
#include "engine/engine.h"

namespace headrace {

// The one who waits for a job's outcome. Deliver or GoesOn is called, once, from any thread, and
// must not block. The service holds a reference until then.
class Waiter {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  virtual ~Waiter() = default;

  virtual void Deliver(const std::string& job_id, Outcome outcome) = 0;

  // Its time of waiting is over and the job, which is kept, goes on. For a submission that says how
  // long it waits.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): those who want it take it over
  virtual void GoesOn(JobStatus /*status*/) {}

  // A part of the result, as soon as it is complete, or the next piece of its only one; where the
  // submission asks for it. From any thread, in order; some may still come after Deliver.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): those who want parts take them over
  virtual void DeliverPart(ResultPart /*part*/) {}
};

}  // namespace headrace
