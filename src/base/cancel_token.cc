#include "base/cancel_token.h"

#include <sys/eventfd.h>

namespace headrace {

bool CancelToken::Cancel(CancelReason reason) {
  auto expected = CancelReason::kNone;
  if (!state_->reason.compare_exchange_strong(expected, reason, std::memory_order_acq_rel)) {
    return false;
  }
  const MutexLock lock(state_->mu);
  if (state_->event) eventfd_write(state_->event.get(), 1);
  return true;
}

int CancelToken::PollFd() const {
  const MutexLock lock(state_->mu);
  if (!state_->event) {
    state_->event.reset(eventfd(Cancelled() ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK));
  }
  return state_->event.get();
}

}  // namespace headrace
