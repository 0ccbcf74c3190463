#pragma once

#include <memory>

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

}  // namespace headrace
