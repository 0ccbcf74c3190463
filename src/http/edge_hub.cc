#include "http/edge_hub.h"

#include <spdlog/spdlog.h>

namespace headrace {

bool EdgeHub::HasRoom() {
  {
    const MutexLock lock(mu);
    if (static_cast<std::size_t>(connections) < options.max_connections) return true;
  }
  if (refusals.Allows()) {
    spdlog::warn("connections are refused: server.max_connections ({}) are open",
                 options.max_connections);
  }
  return false;
}

}  // namespace headrace
