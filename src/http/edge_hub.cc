#include "http/edge_hub.h"

#include <spdlog/spdlog.h>

namespace headrace {

bool EdgeHub::HasRoom() {
  {
    const MutexLock lock(mu);
    if (static_cast<std::size_t>(connections) < options.max_connections) return true;
    const SteadyTime now = SteadyClock::now();
    if (now - last_warning < std::chrono::seconds(1)) return false;
    last_warning = now;
  }
  spdlog::warn("connections are refused: server.max_connections ({}) are open",
               options.max_connections);
  return false;
}

}  // namespace headrace
