#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/deadline.h"
#include "base/error.h"
#include "base/outcome.h"
#include "base/queued_job.h"
#include "handler/executor_figures.h"
#include "handler/frames/frame_socket.h"
#include "handler/frames/frames.h"
#include "handler/job_result.h"
#include "handler/pool/executor_process.h"
#include "handler/pool/part_collector.h"
#include "handler/pool/stderr_log.h"

namespace headrace {

// One executor at work on a job, alone or among others: is sent the job and its tasks, sends parts,
// ends. Never waits before the end. Used by one thread.
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
    std::uint32_t jobs = 1;  // that one executor does
    std::size_t tasks = 1;   // that it is given at a time
  };

  // The result outlives the drive.
  ExecutorDrive(ExecutorProcess executor, JobResult& result, Limits limits);

  // Sends the job, whose params fit a frame (see FitsFrame). The memfd is needed until it returns.
  void Send(const QueuedJob& job, int payload_memfd);

  // To be polled for POLLIN; the socket is -1 once the executor has closed it.
  [[nodiscard]] int socket() const { return closed_ ? -1 : executor_.socket(); }
  [[nodiscard]] int pidfd() const { return executor_.pidfd(); }
  // When it must have ended, having closed its socket.
  [[nodiscard]] Deadline must_end_by() const { return must_end_by_; }

  // What the poll said of both. True when this executor's work has ended: see end().
  bool OnNews(short socket_events, short process_events);
  [[nodiscard]] End end() const { return report_.end; }

  // It is given no other task.
  void TakeNoMore() { no_more_ = true; }
  // Nobody wants its work any more.
  void Stop(End end) { Ends(end); }

  // Kills the executor, or lets it wait for its next job, and tells what it used. Waits for a
  // keeper to clean up. Once, at the end.
  Report Finish();

  // True if the job can be told to an executor at all.
  static bool FitsFrame(const QueuedJob& job);

 private:
  // Each returns true when it is over.
  bool ReadFrames();
  bool OnFrame();
  bool OnAccepted(const FrameView& frame);
  bool OnPart(const FrameView& frame);
  bool OnPartRequest(const FrameView& frame);
  bool OnPartDone(const FrameView& frame);
  bool OnProgress(const FrameView& frame);
  bool OnDone(const FrameView& frame);
  bool OnFailure(const FrameView& frame);
  bool OnTaskRequest(const FrameView& frame);
  bool OnUnfit(const FrameView& frame);
  bool OnLateFrame();
  bool OnKeeperFrame(const FrameView& frame);
  bool OnStderr(const FrameView& frame);
  bool OnUsage(const FrameView& frame);
  bool Refuse(Error error);
  bool Violates(const char* what);
  bool Ends(End end);
  bool Gone();
  // True if the executor did the job to its end, whatever its answer, and may do another one.
  [[nodiscard]] bool IsReusable() const;
  [[nodiscard]] std::optional<std::uint32_t> Task() const;

  ExecutorProcess executor_;
  JobResult& result_;
  const Limits limits_;
  const SteadyTime begin_ = SteadyClock::now();
  std::int64_t progress_frames_ = 0;
  int usage_frames_ = 0;
  std::optional<StderrLog> stderr_;  // of a keeper that has its job
  PartCollector parts_;
  std::deque<std::uint32_t> tasks_;  // that it has; it works on the first
  bool no_more_ = false;             // it is to get no other task
  bool told_none_ = false;           // and knows it
  Deadline must_end_by_ = Deadline::Never();
  bool sent_ = false;
  bool said_hello_ = false;
  bool answered_ = false;  // it sent something after its hello
  bool closed_ = false;    // its end of the socket
  Report report_;
  FrameWriter writer_;
  FrameBuffer buffer_;
};

}  // namespace headrace
