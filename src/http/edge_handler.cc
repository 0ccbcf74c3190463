#include "http/edge_handler.h"

#include <spdlog/spdlog.h>

#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include "http/peer_wire.h"

namespace headrace {

using Pistache::Tcp::Peer;

EdgeHandler::~EdgeHandler() {
  for (const auto& [peer, connection] : connections_) {
    hub_.OnConnections(-1);
    connection->OnClosed();
  }
}

void EdgeHandler::onConnection(const std::shared_ptr<Peer>& peer) {
  if (!hub_.HasRoom()) {
    transport()->post([transport = transport(), peer] { transport->closePeer(peer); });
    return;
  }
  auto wire = std::make_unique<PeerWire>(transport(), peer);
  PeerWire* const socket = wire.get();
  auto connection =
      std::make_shared<Connection>(hub_.options, hub_.site, hub_.state, std::move(wire), reactor_);
  socket->Bind(connection);
  connections_.insert_or_assign(peer.get(), std::move(connection));
  hub_.OnConnections(1);
}

void EdgeHandler::onInput(const char* buffer, std::size_t length,
                          const std::shared_ptr<Peer>& peer) {
  const auto found = connections_.find(peer.get());
  if (found == connections_.end()) return;
  const auto connection = found->second;  // stays alive if it closes itself
  try {
    connection->OnInput(std::string_view(buffer, length));
  } catch (const std::exception& e) {
    // Out of memory at worst: this client loses its connection, the reactor goes on.
    spdlog::error("connection closed: {}", e.what());
    transport()->closePeer(peer);
  }
}

void EdgeHandler::onDisconnection(const std::shared_ptr<Peer>& peer) {
  auto node = connections_.extract(peer.get());
  if (node.empty()) return;
  hub_.OnConnections(-1);
  node.mapped()->OnClosed();
}

void EdgeHandler::onRequest(const Pistache::Http::Request& /*request*/,
                            Pistache::Http::ResponseWriter /*response*/) {}

void EdgeHandler::OnTick(SteadyTime now) {
  std::vector<std::shared_ptr<Connection>> connections;  // a tick may close some
  connections.reserve(connections_.size());
  for (const auto& [peer, connection] : connections_) connections.push_back(connection);
  for (const auto& connection : connections) connection->OnTick(now);
}

}  // namespace headrace
