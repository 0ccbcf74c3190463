#include "worker/slots.h"

namespace headrace {

SlotPool::Slot SlotPool::Acquire() {
  bool more = false;
  {
    const MutexLock lock(mu_);
    const std::uint64_t ticket = next_ticket_++;
    while (ticket != now_serving_ || busy_ == total_) turn_.Wait(mu_);
    ++now_serving_;
    ++busy_;
    more = now_serving_ != next_ticket_ && busy_ < total_;
  }
  if (more) turn_.NotifyAll();
  return Slot(this);
}

void SlotPool::Give() {
  bool wanted = false;
  {
    const MutexLock lock(mu_);
    --busy_;
    wanted = now_serving_ != next_ticket_;
  }
  if (wanted) turn_.NotifyAll();
}

SlotFigures SlotPool::Figures() const {
  const MutexLock lock(mu_);
  return {busy_, total_ - busy_};
}

}  // namespace headrace
