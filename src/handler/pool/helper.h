#pragma once

#include <optional>

#include "handler/pool/executor_process.h"
#include "handler/slot_lender.h"

namespace headrace {

// One more executor for a job that is under way.
struct Helper {
  ExecutorProcess executor;
  SlotLease slot;
};

// Where a job gets helpers from. Used by one thread.
class HelperSource {
 public:
  HelperSource() = default;
  HelperSource(const HelperSource&) = delete;
  HelperSource& operator=(const HelperSource&) = delete;
  virtual ~HelperSource() = default;

  // Nothing if there is no slot or no executor to spare. Takes no longer than a fork.
  virtual std::optional<Helper> TryTake() = 0;
  [[nodiscard]] virtual bool WantsBack() const = 0;
};

}  // namespace headrace
