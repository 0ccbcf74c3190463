#include "worker/slots.h"

namespace headrace {

SlotPool::Slot SlotPool::Acquire() {
  const MutexLock lock(mu_);
  if (busy_ < total_) {
    ++busy_;
    return Slot(this);
  }
  Turn turn;
  line_.push_back(&turn);
  while (!turn.has_slot) turn.granted.Wait(mu_);
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
  Turn* const next = line_.front();
  line_.pop_front();
  next->has_slot = true;
  next->granted.NotifyOne();  // under the lock: once it is released, `next` may be gone
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
