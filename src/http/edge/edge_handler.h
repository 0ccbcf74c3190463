#pragma once

#include <memory>
#include <string_view>
#include <unordered_map>

#include "http/edge/edge_hub.h"
#include "http/edge/pistache.h"
#include "http/edge/tls_wire.h"

namespace headrace {

// Pistache's handler with our own parsing behind it: it turns the transport's events into calls on
// Connections. Each reactor has its own copy, so nothing here is shared between threads.
class EdgeHandler final : public Pistache::Http::Handler {
 public:
  HTTP_PROTOTYPE(EdgeHandler)

  explicit EdgeHandler(EdgeHub& hub) : hub_(hub), copy_(hub.MakeCopy()) {}
  // A copy serves another reactor: it has no connections.
  EdgeHandler(const EdgeHandler& other)
      : Pistache::Http::Handler(other), hub_(other.hub_), copy_(hub_.MakeCopy()) {}
  EdgeHandler& operator=(const EdgeHandler&) = delete;
  ~EdgeHandler() override;  // the reactor has ended: jobs that still wait are abandoned

  void Attach(std::shared_ptr<ReactorLink> reactor) { reactor_ = std::move(reactor); }
  [[nodiscard]] EdgeHub& hub() const { return hub_; }

  void OnTick(SteadyTime now);

  void onConnection(const std::shared_ptr<Pistache::Tcp::Peer>& peer) override;
  void onInput(const char* buffer, std::size_t length,
               const std::shared_ptr<Pistache::Tcp::Peer>& peer) override;
  void onDisconnection(const std::shared_ptr<Pistache::Tcp::Peer>& peer) override;
  // Only Pistache's own parser calls it, which is not used.
  void onRequest(const Pistache::Http::Request& request,
                 Pistache::Http::ResponseWriter response) override;

 private:
  EdgeHub& hub_;
  EdgeHub::Copy& copy_;  // of what a reload changes, for this reactor's connections
  std::shared_ptr<ReactorLink> reactor_;
  // `tls` is the connection's wire, null for plain HTTP.
  struct Client {
    std::shared_ptr<Connection> connection;
    TlsWire* tls = nullptr;
  };
  static void Feed(const Client& client, std::string_view bytes);
  void Begin(const std::shared_ptr<Pistache::Tcp::Peer>& peer);

  std::unordered_map<const Pistache::Tcp::Peer*, Client> connections_;
};

}  // namespace headrace
