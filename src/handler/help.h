#pragma once

#include <memory>
#include <optional>

#include "handler/executor_process.h"

namespace headrace {

// A slot that was lent; it goes back when the last copy is gone.
using SlotLease = std::shared_ptr<void>;

// Lends the right to keep a core busy while nobody else asks for it. Thread-safe, never blocks.
class SlotLender {
 public:
  SlotLender() = default;
  SlotLender(const SlotLender&) = delete;
  SlotLender& operator=(const SlotLender&) = delete;
  virtual ~SlotLender() = default;

  // Null if none is free, or somebody waits for one.
  [[nodiscard]] virtual SlotLease TryBorrow() = 0;
  // Whether somebody waits for a slot: what was lent is to be given back at the next occasion.
  [[nodiscard]] virtual bool Wanted() const = 0;
};

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
