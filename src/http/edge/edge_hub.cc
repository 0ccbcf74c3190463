#include "http/edge/edge_hub.h"

#include "base/log.h"

namespace headrace {

bool EdgeHub::HasRoom(std::size_t most) {
  {
    const MutexLock lock(mu);
    if (std::cmp_less(connections, most)) return true;
  }
  if (refusals.Allows()) {
    LogWarn("connections are refused: server.max_connections ({limit}) are open",
            {{"limit", most}});
  }
  return false;
}

EdgeHub::Copy& EdgeHub::MakeCopy() {
  const MutexLock lock(mu);
  copies.push_back(std::make_unique<Copy>(Copy{current, version.load(std::memory_order_relaxed)}));
  return *copies.back();
}

void EdgeHub::Renew(Copy& copy) {
  const MutexLock lock(mu);
  copy = {current, version.load(std::memory_order_relaxed)};
}

// The former terms are destroyed outside the lock.
void EdgeHub::SetTerms(Terms next) {
  const MutexLock lock(mu);
  std::swap(current, next);
  version.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const TlsContext> EdgeHub::Tls() {
  const MutexLock lock(mu);
  return current.tls;
}

}  // namespace headrace
