#pragma once

#include <cstddef>
#include <string>

#include "base/payload.h"

namespace headrace {

// A connection's socket, as the connection uses it: on its reactor's thread only. Seam between our
// HTTP and Pistache's transport.
class Wire {
 public:
  Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  virtual ~Wire() = default;

  // Sends in order; `more` says that the rest of an answer follows at once. True: all bytes so far
  // are the kernel's. False: they are not, and Connection::OnWritten() or OnClosed() will follow.
  virtual bool SendText(std::string text, bool more) = 0;
  // Whether a payload in a memfd leaves by SendFile without a copy; else it is to be sent as text,
  // portion by portion.
  [[nodiscard]] virtual bool SendsFiles() const { return true; }
  // `size` of the payload's bytes from `offset` on.
  virtual bool SendFile(const Payload& payload, std::size_t offset, std::size_t size,
                        bool more) = 0;
  // All bytes so far are the kernel's, but others come first: Connection::OnWritten() follows
  // later.
  virtual void AwaitTurn() = 0;

  [[nodiscard]] virtual std::size_t Unsent() const = 0;  // bytes
  // Whether the client has closed its side, or all of the connection; asked while nothing is read.
  [[nodiscard]] virtual bool ClientLeft() const = 0;

  virtual void ShutdownWrite() = 0;
  // Connection::OnClosed() follows, perhaps before it returns.
  virtual void Close() = 0;
  // Backpressure: while paused, no bytes come in.
  virtual void PauseReading() = 0;
  virtual void ResumeReading() = 0;
};

}  // namespace headrace
