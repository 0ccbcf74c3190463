#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/edge/tls_bytes.h"
#include "http/edge/tls_context.h"
#include "http/edge/wire.h"

namespace headrace {

// TLS between a connection and its socket, in memory: nothing here waits for the client, in the
// handshake no more than later. A client that has the session talk (each renewed key is answered),
// and neither reads nor sends, is closed. Used on the connection's reactor thread only.
class TlsWire final : public Wire {
 public:
  TlsWire(TlsSession session, std::unique_ptr<Wire> socket);

  // Takes what came from the socket; hands on what it says, piece by piece, until the connection
  // closes this wire.
  void OnInput(std::string_view bytes, const std::function<void(std::string_view)>& receive);

  bool SendText(std::string text, bool more) override;
  bool SendFile(const Payload& payload, std::size_t offset, std::size_t size, bool more) override;
  void AwaitTurn() override { socket_->AwaitTurn(); }
  [[nodiscard]] bool SendsFiles() const override { return false; }
  [[nodiscard]] std::size_t Unsent() const override { return socket_->Unsent(); }
  [[nodiscard]] bool ClientLeft() const override { return socket_->ClientLeft(); }
  void ShutdownWrite() override;
  void Close() override;
  void PauseReading() override { socket_->PauseReading(); }
  void ResumeReading() override { socket_->ResumeReading(); }

 private:
  bool Flush(bool more);

  TlsBytes bytes_;  // outlives the session
  TlsSession session_;
  std::unique_ptr<Wire> socket_;
  std::size_t said_ = 0;  // bytes of the session's own, since its client had read all and sent data
  bool closed_ = false;
};

}  // namespace headrace
