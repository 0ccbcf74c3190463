#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "base/sync.h"
#include "handler/frames/frame_socket.h"
#include "handler/frames/frames.h"
#include "handler/pool/executor_process.h"

namespace headrace {

// One life of a zygote, from spawn to burial, and the executors that it has forked and nobody has
// taken yet. Those stay in the zygote's process group: when the zygote ends, they end and are
// reaped with it, also the ones whose birth it could not report any more. An executor that is taken
// gets a group of its own. Keepers among them are asked to end first. Spawn, ReadGreeting and Bury
// are for the main thread, the rest is thread-safe.
class ZygoteProcess {
 public:
  using KeeperGrace = std::optional<std::chrono::milliseconds>;

  // `arguments` follow those that every zygote gets. Of `limits` sanitizer builds pass the memory
  // on as an option. `keeper_grace`: its executors are keepers, with that grace.
  static Expected<std::shared_ptr<ZygoteProcess>> Spawn(const std::string& binary,
                                                        const std::vector<std::string>& arguments,
                                                        const ExecutorLimits& limits,
                                                        KeeperGrace keeper_grace);
  ~ZygoteProcess();
  ZygoteProcess(const ZygoteProcess&) = delete;
  ZygoteProcess& operator=(const ZygoteProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }
  // Readable when an executor can be taken or the zygote has gone. Stays open as long as this
  // object.
  [[nodiscard]] int socket() const { return socket_.get(); }

  enum class Greeting { kNone, kReady, kBroken, kEnded };
  // The zygote's first frame, if it is there; kEnded: it ended instead. For kBroken `reason` is
  // filled in.
  Greeting ReadGreeting(std::string& reason);

  // One more waits for an executor, until a Take serves it or it leaves.
  void Join();
  void Leave();

  struct Asked {
    std::size_t forks = 0;
    bool all = true;  // false: some are missing, and nothing will tell when they can be asked for
    int error = 0;    // errno, where they are for want of descriptors
  };
  // Asks for as many forks as are missing until so many executors are ready or on their way, beyond
  // one for each who waits.
  Asked TopUp(std::size_t ahead);

  enum class TakeResult { kTaken, kNothing, kForkFailed, kGone };
  struct Taken {
    TakeResult result = TakeResult::kNothing;
    std::optional<ExecutorProcess> executor;  // kTaken
    int error = 0;                            // kForkFailed: errno
  };
  enum class For { kWaiter, kOther };  // one who joined, or somebody else
  // The executor that was forked first; kForkFailed if there is none, but forks that failed. Does
  // not wait.
  Taken Take(For whom);

  // SIGKILL; the main thread sees its end and buries it.
  void Kill();

  // Kills and reaps the zygote and every executor that nobody has taken; waits up to 3 s for
  // keepers that clean up. Idempotent.
  ProcessEnd Bury();

 private:
  ZygoteProcess(pid_t pid, UniqueFd pidfd, UniqueFd socket, const ExecutorLimits& limits,
                KeeperGrace keeper_grace);

  bool Request(int& error) REQUIRES(mu_);
  void ReapLost() REQUIRES(mu_);
  Taken Lose(const FrameView& frame) REQUIRES(mu_);
  Taken Accept(const ForkedFrame& forked, UniqueFd pidfd) REQUIRES(mu_);
  Taken TakeNext() REQUIRES(mu_);
  Taken TakeFrame() REQUIRES(mu_);
  void AskToEnd() REQUIRES(mu_);

  const pid_t pid_;
  const UniqueFd pidfd_;
  const UniqueFd socket_;
  const ExecutorLimits limits_;
  const KeeperGrace keeper_grace_;

  Mutex mu_;
  bool buried_ GUARDED_BY(mu_) = false;
  std::size_t waiters_ GUARDED_BY(mu_) = 0;
  std::uint32_t next_request_ GUARDED_BY(mu_) = 1;
  std::map<std::uint32_t, UniqueFd> requested_
      GUARDED_BY(mu_);  // our ends of the executors' sockets
  // Executors that nobody can take, as there was no room for their pidfds; they end by themselves.
  std::vector<pid_t> lost_ GUARDED_BY(mu_);
  FrameWriter writer_ GUARDED_BY(mu_);
  FrameBuffer buffer_ GUARDED_BY(mu_);
  ProcessEnd end_;
};

}  // namespace headrace
