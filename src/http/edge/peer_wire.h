#pragma once

#include <memory>
#include <string>

#include "http/edge/pistache.h"
#include "http/edge/wire.h"

namespace headrace {

class Connection;

// A connection's socket over Pistache's transport. Addressed by the peer's identity: a closed
// descriptor's number that another client got since then is never written to.
class PeerWire final : public Wire {
 public:
  PeerWire(Pistache::Tcp::Transport* transport, std::shared_ptr<Pistache::Tcp::Peer> peer)
      : transport_(transport), peer_(std::move(peer)) {}

  void Bind(std::weak_ptr<Connection> connection) { connection_ = std::move(connection); }

  bool SendText(std::string text, bool more) override;
  bool SendFile(const Payload& payload, std::size_t offset, std::size_t size, bool more) override;
  void AwaitTurn() override;
  [[nodiscard]] std::size_t Unsent() const override;
  [[nodiscard]] bool ClientLeft() const override;
  void ShutdownWrite() override;
  void Close() override;
  void PauseReading() override;
  void ResumeReading() override;

 private:
  template <class Buffer>
  bool Write(Buffer buffer, bool more);

  Pistache::Tcp::Transport* const transport_;  // outlives its connections
  const std::shared_ptr<Pistache::Tcp::Peer> peer_;
  std::weak_ptr<Connection> connection_;
};

}  // namespace headrace
