#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "base/fd.h"
#include "handler/frames/frames.h"

namespace headrace {

// Both ends of a SOCK_SEQPACKET pair, close-on-exec; both invalid if the process has no
// descriptors.
struct SocketPair {
  UniqueFd ours;
  UniqueFd theirs;
};
SocketPair MakeSocketPair();

enum class SendResult {
  kSent,
  kFull,  // only without waiting: the peer does not read
  kGone,  // the peer has closed, or the frame is empty
};
enum class Wait { kNo, kYes };

// Sends one encoded frame, with one descriptor unless `fd` is -1. Never raises SIGPIPE.
SendResult SendFrame(int socket, std::span<const std::byte> frame, int fd = -1,
                     Wait wait = Wait::kYes);

enum class ReceiveResult {
  kFrame,
  kNothing,    // only without waiting: no frame is there
  kGone,       // the peer has closed
  kMalformed,  // not a frame, or more descriptors than one
  kLost,       // a frame without its descriptor, or some: there is no room here for more
};

// A frame that was copied out of the socket once; `view` points into it. At most one descriptor,
// which the caller may take. Reusable; not thread-safe.
class FrameBuffer {
 public:
  ReceiveResult Receive(int socket, Wait wait);

  [[nodiscard]] const FrameView& view() const { return view_; }
  [[nodiscard]] UniqueFd TakeFd() { return std::move(fd_); }
  [[nodiscard]] bool HasFd() const { return static_cast<bool>(fd_); }
  // A peer closed its end without reading all that was sent to it.
  [[nodiscard]] bool PeerLeftUnread() const { return peer_left_unread_; }

 private:
  std::array<std::byte, kMaxFrame + 1> bytes_{};  // one more shows that a message is too long
  FrameView view_;
  UniqueFd fd_;
  bool peer_left_unread_ = false;
};

}  // namespace headrace
