#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/outcome.h"
#include "base/queued_job.h"
#include "handler/executor_figures.h"
#include "handler/executor_process.h"
#include "handler/frame_socket.h"
#include "handler/frames.h"
#include "handler/part_collector.h"

namespace headrace {

// Drives one job through one executor: sends it, collects its parts, watches for the end. When Run
// returns, the executor is dead and reaped, or waits for its next job. Used by one thread.
class ExecutorDrive {
 public:
  // How it went, before it is put into words for the client.
  enum class End {
    kDone,     // all parts are there
    kFailure,  // the handler said why not
    kRefused,  // a limit of ours or a lack of memory on our side: `error`
    kCancelled,
    kDeadline,
    kProtocol,  // it sent what no executor sends: `reason`
    kDied,
    kUnfit,  // it ended before it could take a job, or its limits could not be set: `reason`
  };
  struct Report {
    End end = End::kDied;
    std::vector<ResultPart> parts;  // kDone
    WireFailure failure = WireFailure::kInternal;
    Error error;         // kFailure: type, hint, detail; kRefused: all of it
    std::string reason;  // for the operator
    ProcessEnd process;  // what the job used, and how the executor ended if it did
    std::optional<ExecutorProcess> executor;  // alive, if it takes another job
    pid_t pid = 0;
  };

  struct Limits {
    std::uint64_t max_result = 0;  // bytes of all parts
    std::uint32_t jobs = 1;        // that one executor does
  };

  // `cancel_fd` is readable once the job's token is cancelled.
  ExecutorDrive(ExecutorProcess executor, const QueuedJob& job, int cancel_fd, Limits limits);

  // Sends the job, whose params fit a frame (see FitsFrame). The memfd is needed until it returns.
  void Send(int payload_memfd);

  // Called once, after Send.
  Report Run();

  // True if the job can be told to an executor at all.
  static bool FitsFrame(const QueuedJob& job);

 private:
  // Each returns true when the job is over.
  bool ReadFrames();
  bool OnFrame();
  bool OnAccepted(const FrameView& frame);
  bool OnPart(const FrameView& frame);
  bool OnPartRequest(const FrameView& frame);
  bool OnPartDone(const FrameView& frame);
  bool OnDone(const FrameView& frame);
  bool OnFailure(const FrameView& frame);
  bool OnUnfit(const FrameView& frame);
  bool OnLateFrame();
  bool Refuse(Error error);
  bool Violates(const char* what);
  bool Ends(End end);
  bool Gone();
  // The job was cancelled or its deadline has passed.
  bool Unwanted();
  void Watch();
  // True if the executor did the job to its end, whatever its answer, and may do another one.
  [[nodiscard]] bool IsReusable() const;
  void PartWithExecutor();

  ExecutorProcess executor_;
  const QueuedJob& job_;
  const int cancel_fd_;
  const std::uint32_t jobs_;
  PartCollector parts_;
  bool sent_ = false;
  bool said_hello_ = false;
  bool answered_ = false;  // it sent something after its hello
  bool closed_ = false;    // its end of the socket
  Report report_;
  FrameWriter writer_;
  FrameBuffer buffer_;
};

}  // namespace headrace
