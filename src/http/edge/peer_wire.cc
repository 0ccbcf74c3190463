#include "http/edge/peer_wire.h"

#include <poll.h>
#include <sys/socket.h>

#include <exception>
#include <utility>

#include "http/edge/connection.h"
#include "http/edge/pistache.h"

namespace headrace {
namespace {

void TellWritten(const std::shared_ptr<Connection>& connection) {
  if (connection) CloseIfThrown(*connection, [&] { connection->OnWritten(); });
}

}  // namespace

template <class Buffer>
bool PeerWire::Write(Buffer buffer, bool more) {
  auto promise = transport_->asyncWrite(peer_, std::move(buffer), more ? MSG_MORE : 0);
  if (promise.isFulfilled() && peer_->pendingBytes() == 0) return true;
  promise.then(
      [weak = connection_, peer = std::weak_ptr(peer_)](PST_SSIZE_T) {
        const auto alive = peer.lock();
        if (alive && alive->pendingBytes() == 0) TellWritten(weak.lock());
      },
      [transport = transport_, weak = std::weak_ptr(peer_)](const std::exception_ptr&) {
        // The client is gone. Closed from the loop, not from within the call that wrote.
        transport->post([transport, weak] {
          if (const auto peer = weak.lock()) transport->closePeer(peer);
        });
      });
  return false;
}

bool PeerWire::SendText(std::string text, bool more) {
  const std::size_t size = text.size();
  return Write(Pistache::RawBuffer(std::move(text), size), more);
}

bool PeerWire::SendFile(const Payload& payload, std::size_t offset, std::size_t size, bool more) {
  return Write(Pistache::FileBuffer(payload.memfd(), size, static_cast<off_t>(offset),
                                    std::make_shared<Payload>(payload)),
               more);
}

void PeerWire::AwaitTurn() {
  transport_->post([weak = connection_] { TellWritten(weak.lock()); });
}

bool PeerWire::ClientLeft() const {
  pollfd polled{peer_->actualFd(), POLLRDHUP, 0};
  return ::poll(&polled, 1, 0) == 1;
}

std::size_t PeerWire::Unsent() const { return peer_->pendingBytes(); }

void PeerWire::ShutdownWrite() {
  if (const int fd = peer_->actualFd(); fd >= 0) ::shutdown(fd, SHUT_WR);
}

void PeerWire::Close() { transport_->closePeer(peer_); }

void PeerWire::PauseReading() { transport_->pauseReading(peer_); }

void PeerWire::ResumeReading() { transport_->resumeReading(peer_); }

}  // namespace headrace
