#include "test_zygotes.h"

#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <functional>
#include <utility>

#include "handler/executor/executor_child.h"
#include "handler/executor/executor_main.h"
#include "handler/frames/frame_socket.h"
#include "handler/frames/frames.h"
#include "handler/sandbox/sandbox.h"

namespace headrace {
namespace {

// Calls `fork` with each request and the executor's socket, once the service knows it as warm.
void Serve(const std::function<void(const ForkFrame&, UniqueFd)>& fork) {
  FrameWriter writer;
  FrameBuffer buffer;
  DieWithService(getppid());
  SendFrame(kZygoteSocket, EncodeEmpty(writer, FrameType::kReady));
  while (buffer.Receive(kZygoteSocket, Wait::kYes) == ReceiveResult::kFrame) {
    fork(*DecodeFork(buffer.view().body), buffer.TakeFd());
  }
}

// Has the service's new child do this, and tells the service of it.
void Fork(const ForkFrame& request, UniqueFd socket, const std::function<void(UniqueFd)>& child) {
  int pidfd = -1;
  const long pid =
      syscall(SYS_clone, CLONE_PARENT | CLONE_PIDFD | SIGCHLD, nullptr, &pidfd, nullptr, nullptr);
  if (pid == 0) child(std::move(socket));
  socket.reset();  // before the service can send a job to it
  const UniqueFd owned(pidfd);
  FrameWriter writer;
  SendFrame(kZygoteSocket,
            Encode(writer, ForkedFrame{request.request, static_cast<std::uint32_t>(pid)}), pidfd);
}

}  // namespace

int UnfitMain(bool deaf) {
  Serve([&](const ForkFrame& request, UniqueFd socket) {
    Fork(request, std::move(socket), [&](UniqueFd own) {
      FrameWriter writer;
      if (deaf) SendFrame(own.get(), EncodeEmpty(writer, FrameType::kHello));
      pollfd job{own.get(), POLLIN, 0};
      if (deaf) poll(&job, 1, -1);
      _exit(7);
    });
  });
  return 0;
}

int ForklessMain(int times, Handler& handler) {
  Serve([&](const ForkFrame& request, UniqueFd socket) {
    if (times-- > 0) {
      FrameWriter writer;
      SendFrame(kZygoteSocket, Encode(writer, ForkFailedFrame{request.request, EAGAIN}));
      return;
    }
    Fork(request, std::move(socket), [&](UniqueFd own) {
      Confinement none(ExecutorProfile::kTrusted);
      RunExecutor(handler, own.release(), request.limits, getppid(), none);
    });
  });
  return 0;
}

}  // namespace headrace
