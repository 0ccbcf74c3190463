#include "http/edge/edge_handler.h"

#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "http/edge/peer_wire.h"

namespace headrace {

using Pistache::Tcp::Peer;

EdgeHandler::~EdgeHandler() {
  for (const auto& [peer, client] : connections_) {
    hub_.OnConnections(-1);
    client.connection->OnClosed();
  }
}

void EdgeHandler::onConnection(const std::shared_ptr<Peer>& peer) {
  try {
    hub_.Refresh(copy_);
    if (hub_.HasRoom(copy_.terms.options.max_connections)) return Begin(peer);
  } catch (const std::exception& error) {
    if (hub_.refusals.Allows())
      LogError("connection refused: {detail}", {{"detail", error.what()}});
  }
  transport()->post([transport = transport(), peer] { transport->closePeer(peer); });
}

void EdgeHandler::Begin(const std::shared_ptr<Peer>& peer) {
  auto peer_wire = std::make_unique<PeerWire>(transport(), peer);
  PeerWire* const socket = peer_wire.get();
  std::unique_ptr<Wire> wire = std::move(peer_wire);
  Client client;
  if (const auto& context = copy_.terms.tls) {
    auto tls = std::make_unique<TlsWire>(context->NewSession(), std::move(wire));
    client.tls = tls.get();
    wire = std::move(tls);
  }
  client.connection = std::make_shared<Connection>(
      copy_.terms.options, hub_.site, hub_.state, std::move(wire), reactor_,
      IpAddress::Parse(peer->address().host()).value_or(IpAddress{}));
  socket->Bind(client.connection);
  connections_.insert_or_assign(peer.get(), std::move(client));
  hub_.OnConnections(1);
}

void EdgeHandler::Feed(const Client& client, std::string_view bytes) {
  if (client.tls == nullptr) {
    client.connection->OnInput(bytes);
    return;
  }
  client.tls->OnInput(bytes, [&](std::string_view plain) { client.connection->OnInput(plain); });
}

void EdgeHandler::onInput(const char* buffer, std::size_t length,
                          const std::shared_ptr<Peer>& peer) {
  const auto found = connections_.find(peer.get());
  if (found == connections_.end()) return;
  hub_.Refresh(copy_);
  const Client client = found->second;  // stays alive if it closes itself
  CloseIfThrown(*client.connection, [&] { Feed(client, std::string_view(buffer, length)); });
}

void EdgeHandler::onDisconnection(const std::shared_ptr<Peer>& peer) {
  auto node = connections_.extract(peer.get());
  if (node.empty()) return;
  hub_.OnConnections(-1);
  node.mapped().connection->OnClosed();
}

void EdgeHandler::onRequest(const Pistache::Http::Request& /*request*/,
                            Pistache::Http::ResponseWriter /*response*/) {}

void EdgeHandler::OnTick(SteadyTime now) {
  hub_.Refresh(copy_);
  std::vector<std::shared_ptr<Connection>> connections;  // a tick may close some
  connections.reserve(connections_.size());
  for (const auto& [peer, client] : connections_) connections.push_back(client.connection);
  for (const auto& connection : connections) {
    CloseIfThrown(*connection, [&] { connection->OnTick(now); });
  }
}

}  // namespace headrace
