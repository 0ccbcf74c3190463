#include "http/edge/reactor_link.h"

#include <exception>
#include <utility>

#include "base/log.h"
#include "http/edge/pistache.h"

namespace headrace {

void ReactorLink::Post(std::function<void()> task) {
  MutexLock lock(mu_);
  if (transport_ == nullptr) return;
  // Nothing may throw into the reactor's loop: it would end the process.
  transport_->post([task = std::move(task)] {
    try {
      task();
    } catch (const std::exception& error) {
      LogError("a reactor's task failed: {detail}", {{"detail", error.what()}});
    }
  });
}

void ReactorLink::Detach() {
  MutexLock lock(mu_);
  transport_ = nullptr;
}

}  // namespace headrace
