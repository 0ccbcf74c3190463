#include "worker/slots.h"

#include <memory>
#include <utility>

namespace headrace {

SlotPool::Slot SlotPool::Acquire() {
  const MutexLock lock(mu_);
  if (busy_ < total_) {
    ++busy_;
    return Slot(this);
  }
  AwaitTurn();
  return Slot(this);
}

SlotPool::Slot SlotPool::Renew(Slot slot) {
  const MutexLock lock(mu_);
  if (!line_.empty()) {
    GiveToNext();
    AwaitTurn();
  }
  return slot;
}

void SlotPool::AwaitTurn() {
  Turn turn;
  line_.push_back(&turn);
  while (!turn.has_slot) turn.granted.Wait(mu_);
}

std::optional<SlotPool::Slot> SlotPool::TryAcquire() {
  const MutexLock lock(mu_);
  if (busy_ == total_) return std::nullopt;  // nobody waits while one is free
  ++busy_;
  return Slot(this);
}

// The slot passes from hand to hand, so that nobody overtakes the line and only one thread wakes
// up.
void SlotPool::Give() {
  const MutexLock lock(mu_);
  if (line_.empty()) {
    --busy_;
    return;
  }
  GiveToNext();
}

void SlotPool::GiveToNext() {
  Turn* const next = line_.front();
  line_.pop_front();
  next->has_slot = true;
  next->granted.NotifyOne();  // under the lock: once it is released, `next` may be gone
}

SlotLease LentSlots::TryBorrow() {
  auto slot = slots_.TryAcquire();
  return slot ? std::make_shared<SlotPool::Slot>(*std::move(slot)) : nullptr;
}

SlotFigures SlotPool::Figures() const {
  const MutexLock lock(mu_);
  return {busy_, total_ - busy_};
}

std::size_t SlotPool::Waiting() const {
  const MutexLock lock(mu_);
  return line_.size();
}

}  // namespace headrace
