#pragma once

#include <atomic>
#include <memory>

#include "base/fd.h"
#include "base/sync.h"

namespace headrace {

// Why nobody wants a job any more.
enum class CancelReason { kNone, kDisconnected, kDeadline, kDeleted, kShutdown };

// The one signal that ends a job early, shared by queue, worker and executor. Copies share the
// state. Thread-safe. The first reason wins.
class CancelToken {
 public:
  CancelToken() : state_(std::make_shared<State>()) {}

  // Returns true for the call that cancelled.
  bool Cancel(CancelReason reason);

  [[nodiscard]] CancelReason reason() const {
    return state_->reason.load(std::memory_order_acquire);
  }
  [[nodiscard]] bool Cancelled() const { return reason() != CancelReason::kNone; }

  // An eventfd that is readable once the token is cancelled, made at the first call (jobs on a
  // thread need none) and owned by the token. -1 if the process has no descriptor left.
  [[nodiscard]] int PollFd() const;

 private:
  struct State {
    std::atomic<CancelReason> reason{CancelReason::kNone};
    Mutex mu;
    UniqueFd event GUARDED_BY(mu);
  };
  std::shared_ptr<State> state_;
};

}  // namespace headrace
