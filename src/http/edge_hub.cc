#include "http/edge_hub.h"

#include "base/log.h"

namespace headrace {

bool EdgeHub::HasRoom() {
  {
    const MutexLock lock(mu);
    if (static_cast<std::size_t>(connections) < options.max_connections) return true;
  }
  if (refusals.Allows()) {
    LogWarn("connections are refused: server.max_connections ({limit}) are open",
            {{"limit", options.max_connections}});
  }
  return false;
}

}  // namespace headrace
