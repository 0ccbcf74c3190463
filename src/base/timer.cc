#include "base/timer.h"

#include <utility>

namespace headrace {

Timer::Timer() : thread_([this] { Loop(); }) {}

Timer::~Timer() { Stop(); }

void Timer::Stop() {
  if (!thread_.joinable()) return;
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
  bool wake = false;
  {
    const MutexLock lock(mu_);
    ticket.number = next_number_++;
    entries_.emplace_hint(entries_.end(), ticket, std::move(callback));
    wake = ticket.time < sleeps_until_;
  }
  if (wake) changed_.NotifyOne();
  return ticket;
}

void Timer::Cancel(const Ticket& ticket) {
  if (ticket.number == 0) return;
  Entries::node_type node;  // freed outside the lock
  const MutexLock lock(mu_);
  node = entries_.extract(ticket);
}

Timer::Entries::node_type Timer::TakeDue() {
  const auto first = entries_.begin();
  const Deadline deadline =
      first == entries_.end() ? Deadline::Never() : Deadline::At(first->first.time);
  if (deadline.Passed()) return entries_.extract(first);
  sleeps_until_ = deadline.time();
  changed_.WaitUntil(mu_, deadline);
  sleeps_until_ = SteadyTime::min();
  return {};
}

std::size_t Timer::Pending() const {
  const MutexLock lock(mu_);
  return entries_.size();
}

void Timer::Loop() {
  mu_.Lock();
  while (!stopping_) {
    if (auto node = TakeDue()) {
      mu_.Unlock();
      node.mapped()();
      node = {};  // what the callback holds is freed outside the lock
      mu_.Lock();
    }
  }
  mu_.Unlock();
}

}  // namespace headrace
