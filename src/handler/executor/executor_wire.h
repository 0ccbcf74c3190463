#pragma once

#include <cstddef>
#include <span>

#include "handler/frames/frame_socket.h"
#include "handler/frames/frames.h"
#include "handler/sandbox/sandbox.h"

// An executor's end of its socket, for its one thread. The buffers are static: they must be there
// when no memory is left.
namespace headrace {

inline FrameWriter& WireWriter() {
  static FrameWriter writer;
  return writer;
}

inline FrameBuffer& WireBuffer() {
  static FrameBuffer buffer;
  return buffer;
}

// Waits where the service does not read. False: it has closed.
inline bool SendToService(std::span<const std::byte> frame) {
  return SendFrame(kExecutorSocket, frame) == SendResult::kSent;
}

}  // namespace headrace
