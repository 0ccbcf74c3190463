#include "base/timer.h"

#include <utility>

namespace headrace {

Timer::Timer() : thread_([this] { Loop(); }) {}

Timer::~Timer() {
  {
    const MutexLock lock(mu_);
    stopping_ = true;
  }
  changed_.NotifyOne();
  thread_.join();
}

Timer::Ticket Timer::Schedule(Deadline deadline, std::function<void()> callback) {
  if (deadline.IsNever()) return {};
  Ticket ticket{deadline.time(), 0};
  bool earliest = false;
  {
    const MutexLock lock(mu_);
    ticket.number = next_number_++;
    const auto at = entries_.emplace_hint(entries_.end(), ticket, std::move(callback));
    earliest = at == entries_.begin();
  }
  if (earliest) changed_.NotifyOne();
  return ticket;
}

void Timer::Cancel(const Ticket& ticket) {
  if (ticket.number == 0) return;
  std::map<Ticket, std::function<void()>>::node_type node;  // freed outside the lock
  const MutexLock lock(mu_);
  node = entries_.extract(ticket);
}

void Timer::Loop() {
  mu_.Lock();
  while (!stopping_) {
    if (entries_.empty()) {
      changed_.Wait(mu_);
      continue;
    }
    const auto first = entries_.begin();
    const Deadline deadline = Deadline::At(first->first.time);
    if (!deadline.Passed()) {
      changed_.WaitUntil(mu_, deadline);
      continue;
    }
    auto node = entries_.extract(first);
    mu_.Unlock();
    node.mapped()();
    mu_.Lock();
  }
  mu_.Unlock();
}

}  // namespace headrace
