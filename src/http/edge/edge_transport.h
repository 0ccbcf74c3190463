#pragma once

#include <memory>

#include "base/fd.h"
#include "http/edge/edge_handler.h"
#include "http/edge/pistache.h"

namespace headrace {

// Pistache's transport with our clock: it ticks its handler four times a second, in place of
// Pistache's own timeouts, and is reached from other threads through its ReactorLink.
class EdgeTransport final : public Pistache::Tcp::Transport {
 public:
  explicit EdgeTransport(const std::shared_ptr<EdgeHandler>& handler);
  ~EdgeTransport() override;
  EdgeTransport(const EdgeTransport&) = delete;
  EdgeTransport& operator=(const EdgeTransport&) = delete;

  void registerPoller(Pistache::Polling::Epoll& poller) override;
  void unregisterPoller(Pistache::Polling::Epoll& poller) override;
  void onReady(const Pistache::Aio::FdSet& fds) override;
  std::shared_ptr<Pistache::Aio::Handler> clone() const override;

 private:
  void Tick();

  const std::shared_ptr<EdgeHandler> edge_handler_;
  std::shared_ptr<ReactorLink> link_;
  UniqueFd timer_;
};

}  // namespace headrace
