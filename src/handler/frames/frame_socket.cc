#include "handler/frames/frame_socket.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace headrace {
namespace {

// Room for a few more descriptors than are allowed: what does not fit is closed by the kernel.
constexpr std::size_t kControlFds = 4;
constexpr std::size_t kControlSpace = CMSG_SPACE(kControlFds * sizeof(int));

struct Control {
  alignas(cmsghdr) std::array<std::byte, kControlSpace> bytes{};
};

// Takes every descriptor out of the message; the first one is kept. Returns how many there were.
std::size_t TakeDescriptors(msghdr& message, UniqueFd& first) {
  std::size_t count = 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t fds = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < fds; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      UniqueFd owned(fd);
      if (count++ == 0) first = std::move(owned);
    }
  }
  return count;
}

ssize_t ReceiveMessage(int socket, msghdr& message, Wait wait, bool& left_unread) {
  const int flags = MSG_CMSG_CLOEXEC | (wait == Wait::kNo ? MSG_DONTWAIT : 0);
  ssize_t size = -1;
  do {
    size = recvmsg(socket, &message, flags);
    // Told once, before what the peer had sent.
    if (size < 0 && errno == ECONNRESET) left_unread = true;
  } while (size < 0 && (errno == EINTR || errno == ECONNRESET));
  return size;
}

}  // namespace

SocketPair MakeSocketPair() {
  std::array<int, 2> fds{-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds.data()) != 0) return {};
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

SendResult SendFrame(int socket, std::span<const std::byte> frame, int fd, Wait wait) {
  if (frame.empty()) return SendResult::kGone;
  // sendmsg reads only, its struct cannot say so
  iovec data{const_cast<std::byte*>(frame.data()),
             frame.size()};  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  Control control;
  if (fd >= 0) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(sizeof(int));
    cmsghdr* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(part), &fd, sizeof(int));
  }
  const int flags = MSG_NOSIGNAL | (wait == Wait::kNo ? MSG_DONTWAIT : 0);
  ssize_t sent = -1;
  do {
    sent = sendmsg(socket, &message, flags);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return SendResult::kSent;
  return errno == EAGAIN ? SendResult::kFull : SendResult::kGone;
}

ReceiveResult FrameBuffer::Receive(int socket, Wait wait) {
  fd_.reset();
  iovec data{bytes_.data(), bytes_.size()};
  Control control;
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  const ssize_t size = ReceiveMessage(socket, message, wait, peer_left_unread_);
  if (size < 0) {
    return errno == EAGAIN ? ReceiveResult::kNothing : ReceiveResult::kGone;
  }
  const std::size_t fds = TakeDescriptors(message, fd_);
  if (size == 0 && fds == 0)
    return ReceiveResult::kGone;  // an empty message reads the same: no frame
  const auto frame = ParseFrame(std::span(bytes_).first(static_cast<std::size_t>(size)));
  const bool lost = (message.msg_flags & MSG_CTRUNC) != 0;
  if (lost || fds > 1) fd_.reset();
  if (!frame || fds > 1 || (message.msg_flags & MSG_TRUNC) != 0) return ReceiveResult::kMalformed;
  view_ = *frame;
  return lost ? ReceiveResult::kLost : ReceiveResult::kFrame;
}

}  // namespace headrace
