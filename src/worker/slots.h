#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <utility>

#include "base/sync.h"
#include "handler/slot_lender.h"
#include "metrics/metrics.h"

namespace headrace {

// The rights to keep a core busy, shared by all workers of the process. Handed out in the order in
// which they are asked for, whatever the queue. Thread-safe.
class SlotPool {
 public:
  // One held slot; gives it back when destroyed. Move-only. Must not outlive the pool.
  class Slot {
   public:
    Slot() = default;
    Slot(Slot&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)) {}
    Slot& operator=(Slot&& other) noexcept {
      Return();
      pool_ = std::exchange(other.pool_, nullptr);
      return *this;
    }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot() { Return(); }
    explicit operator bool() const { return pool_ != nullptr; }
    void Return() {
      if (pool_ != nullptr) std::exchange(pool_, nullptr)->Give();
    }

   private:
    friend class SlotPool;
    explicit Slot(SlotPool* pool) : pool_(pool) {}
    SlotPool* pool_ = nullptr;
  };

  explicit SlotPool(std::size_t slots) : total_(slots) {}
  SlotPool(const SlotPool&) = delete;
  SlotPool& operator=(const SlotPool&) = delete;

  // Blocks until it is this caller's turn and a slot is free.
  [[nodiscard]] Slot Acquire();

  // The held slot again if nobody waits; else it goes to who waits longest, and this caller waits
  // behind all of them.
  [[nodiscard]] Slot Renew(Slot slot);

  // A slot if one is free and nobody waits; never blocks.
  [[nodiscard]] std::optional<Slot> TryAcquire();

  [[nodiscard]] std::size_t total() const { return total_; }
  [[nodiscard]] SlotFigures Figures() const;
  // How many callers of Acquire wait.
  [[nodiscard]] std::size_t Waiting() const;

 private:
  // One caller who waits; lives on its stack.
  struct Turn {
    CondVar granted;
    bool has_slot = false;
  };

  void Give();
  void GiveToNext() REQUIRES(mu_);
  void AwaitTurn() REQUIRES(mu_);

  const std::size_t total_;
  mutable Mutex mu_;
  std::size_t busy_ GUARDED_BY(mu_) = 0;
  std::list<Turn*> line_ GUARDED_BY(mu_);  // empty unless all slots are busy
};

// Lends the pool's slots to jobs that can use more than one.
class LentSlots final : public SlotLender {
 public:
  explicit LentSlots(SlotPool& slots) : slots_(slots) {}
  [[nodiscard]] SlotLease TryBorrow() override;
  [[nodiscard]] bool Wanted() const override { return slots_.Waiting() > 0; }

 private:
  SlotPool& slots_;
};

}  // namespace headrace
