#include "service/health.h"

#include <utility>

namespace headrace {

void Health::AddReadiness(Check check) { readiness_.push_back(std::move(check)); }

void Health::AddLiveness(Check check) { liveness_.push_back(std::move(check)); }

void Health::SetStarted() {
  const MutexLock lock(mu_);
  started_ = true;
}

void Health::SetDraining() {
  const MutexLock lock(mu_);
  draining_ = true;
}

Health::Answer Health::Started() const {
  const MutexLock lock(mu_);
  return started_ ? Answer{true, "ok"} : Answer{false, "starting"};
}

Health::Answer Health::Ready() const {
  if (Draining()) return {false, "draining"};
  if (Answer started = Started(); !started.ok) return started;
  return FirstFailure(readiness_);
}

Health::Answer Health::Live() const { return FirstFailure(liveness_); }

bool Health::Draining() const {
  const MutexLock lock(mu_);
  return draining_;
}

Health::Answer Health::FirstFailure(const std::vector<Check>& checks) {
  for (const Check& check : checks) {
    if (std::string reason = check(); !reason.empty()) return {false, std::move(reason)};
  }
  return {true, "ok"};
}

}  // namespace headrace
