#include "http/reactor_link.h"

#include <utility>

#include "http/pistache.h"

namespace headrace {

void ReactorLink::Post(std::function<void()> task) {
  MutexLock lock(mu_);
  if (transport_ != nullptr) transport_->post(std::move(task));
}

void ReactorLink::Detach() {
  MutexLock lock(mu_);
  transport_ = nullptr;
}

}  // namespace headrace
