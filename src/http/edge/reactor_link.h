#pragma once

#include <atomic>
#include <functional>

#include "base/deadline.h"
#include "base/sync.h"

// NOLINTNEXTLINE(readability-identifier-naming): the library's own name
namespace Pistache::Tcp {
class Transport;
}

namespace headrace {

// The way from any thread to one reactor's thread, which may be gone by then. Thread-safe.
class ReactorLink {
 public:
  explicit ReactorLink(Pistache::Tcp::Transport* transport) : transport_(transport) {}

  // Runs the task on the reactor's thread; drops it once the reactor has ended.
  void Post(std::function<void()> task) EXCLUDES(mu_);

  // The transport ends; later tasks are dropped.
  void Detach() EXCLUDES(mu_);

  // The reactor's sign of life, given several times a second.
  void Turn(SteadyTime now) { last_turn_.store(now.time_since_epoch().count()); }
  [[nodiscard]] SteadyTime last_turn() const {
    return SteadyTime(SteadyClock::duration(last_turn_.load()));
  }

 private:
  Mutex mu_;
  Pistache::Tcp::Transport* transport_ GUARDED_BY(mu_);
  std::atomic<SteadyClock::rep> last_turn_{SteadyClock::now().time_since_epoch().count()};
};

}  // namespace headrace
