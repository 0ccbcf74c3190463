#include "handler/executor/executor_main.h"

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "base/words.h"
#include "handler/executor/executor_child.h"
#include "handler/frames/frame_socket.h"
#include "handler/frames/frames.h"
#include "handler/sandbox/raw_clone.h"
#include "handler/sandbox/sandbox.h"

namespace headrace {
namespace {

constexpr int kNotStartedByService = 2;
constexpr int kHandlerBroken = 2;

std::optional<pid_t> ServicePid(int argc, char** argv) {
  if (argc < 3 || std::string_view(argv[1]) != kZygoteArgument) return std::nullopt;
  const auto pid = ParseNumberAll<pid_t>(argv[2]);
  return pid && *pid > 0 ? pid : std::nullopt;
}

// For the time of a fork: who sends a keeper SIGTERM, however early, is to find it blocked, while
// the zygote dies of it.
class TermBlock {
 public:
  explicit TermBlock(bool wanted) : wanted_(wanted) {
    if (wanted_) Set(SIG_BLOCK);
  }
  ~TermBlock() {
    if (wanted_) Set(SIG_UNBLOCK);
  }
  TermBlock(const TermBlock&) = delete;
  TermBlock& operator=(const TermBlock&) = delete;

 private:
  static void Set(int how) {
    sigset_t term;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(how, &term, nullptr);
  }

  const bool wanted_;
};

class ZygoteLoop {
 public:
  ZygoteLoop(Handler& handler, pid_t service, ExecutorProfile profile, Keeper* keeper)
      : handler_(handler), service_(service), confinement_(profile), keeper_(keeper) {}

  std::optional<std::string> Prepare() {
    if (auto reason = DieWithService(service_)) return reason;
    if (keeper_ == nullptr) PreferAsVictim();
    if (auto reason = HideMemory()) return reason;
    try {
      handler_.Warm();
    } catch (const std::exception& error) {
      return std::string("the handler cannot be warmed: ") + error.what();
    }
    return std::nullopt;
  }

  void Break(std::string_view reason) {
    SendFrame(kZygoteSocket, EncodeReason(writer_, FrameType::kBroken, reason));
  }

  // Serves until the service closes its end or breaks the protocol.
  void Run() {
    if (SendFrame(kZygoteSocket, EncodeEmpty(writer_, FrameType::kReady)) != SendResult::kSent)
      return;
    while (buffer_.Receive(kZygoteSocket, Wait::kYes) == ReceiveResult::kFrame) {
      const auto fork = DecodeFork(buffer_.view().body);
      if (buffer_.view().type != FrameType::kFork || !fork || !buffer_.HasFd()) return;
      if (!Fork(*fork, buffer_.TakeFd())) return;
    }
  }

 private:
  bool Fork(const ForkFrame& request, UniqueFd socket) {
    const TermBlock block(keeper_ != nullptr);
    int pidfd = -1;
    // Its parent is the service, which fork(2) cannot say.
    const pid_t pid = RawClone(CLONE_PARENT | CLONE_PIDFD | SIGCHLD, &pidfd);
    if (pid == 0) RunChild(socket.release(), request.limits);
    if (pid < 0) {
      const ForkFailedFrame failed{request.request, static_cast<std::uint32_t>(errno)};
      return SendFrame(kZygoteSocket, Encode(writer_, failed)) == SendResult::kSent;
    }
    const UniqueFd owned(pidfd);
    const ForkedFrame forked{request.request, static_cast<std::uint32_t>(pid)};
    return SendFrame(kZygoteSocket, Encode(writer_, forked), pidfd) == SendResult::kSent;
  }

  [[noreturn]] void RunChild(int socket, const ExecutorLimits& limits) {
    if (keeper_ != nullptr) RunKeeper(handler_, *keeper_, socket, limits, service_);
    RunExecutor(handler_, socket, limits, service_, confinement_);
  }

  Handler& handler_;
  const pid_t service_;
  Confinement confinement_;
  Keeper* const keeper_;
  FrameWriter writer_;
  FrameBuffer buffer_;
};

}  // namespace

int ExecutorMain(int argc, char** argv, Handler& handler, ExecutorProfile profile, Keeper* keeper) {
  const auto service = ServicePid(argc, argv);
  if (!service) {
    std::fputs("this program does the work of a headrace queue; the service starts it\n", stderr);
    return kNotStartedByService;
  }
  ZygoteLoop zygote(handler, *service, profile, keeper);
  if (const auto reason = zygote.Prepare()) {
    zygote.Break(*reason);
    return kHandlerBroken;
  }
  zygote.Run();
  return 0;
}

}  // namespace headrace
