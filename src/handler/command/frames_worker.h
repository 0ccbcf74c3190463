#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/deadline.h"
#include "base/fd.h"
#include "handler/command/command_options.h"
#include "handler/command/error_output.h"
#include "handler/command/process_tree.h"
#include "handler/command/program.h"
#include "handler/command/scratch.h"
#include "handler/command/worker_answer.h"
#include "handler/command/worker_frames.h"
#include "handler/command/worker_usage.h"
#include "handler/executor/executor_context.h"
#include "headrace/job.h"
#include "headrace/result.h"

namespace headrace {

// The program of `protocol: frames`: started once, then given one job after the other. It is not
// trusted: it may say anything, at any time, and may die. Single-threaded.
class FramesWorker {
 public:
  // What it works with; all of it outlives the worker. `service`: the socket of the service, which
  // is closed when nobody wants the work any more.
  struct Surroundings {
    const CommandOptions& options;
    const ProgramLauncher& launcher;
    const Scratch& scratch;
    ProcessTree& tree;
    int service = -1;
  };
  explicit FramesWorker(const Surroundings& surroundings);

  // Starts it and waits until it is ready, `start_timeout` at most. Returns the reason why it is
  // not.
  [[nodiscard]] std::optional<std::string> Start();

  // Waits until the service's socket is readable, and lets the worker talk meanwhile. False: told
  // to end, the socket is closed, or the worker takes no job any more, as it fills its folder.
  [[nodiscard]] bool AwaitJob();

  // Has it do a job. Also returns when nobody wants the job any more; the failure is for nobody
  // then.
  [[nodiscard]] std::optional<Failure> RunJob(const Job& job, KeeperContext& context);

  // It has kept to the protocol and has not ended, as far as is known.
  [[nodiscard]] bool TakesMore() const;

  // Ends it and all that it has started; patiently, unless it offended.
  void Stop();

 private:
  [[nodiscard]] std::optional<std::string> Launch();
  // Waits for anything to happen, to `until` at most, and takes in what did. `awaited`: events of
  // the service's socket that end the wait as well; returns those that came. The end of all
  // interest shows in Unwanted.
  short Await(Deadline until, short awaited);
  // What the worker has said by now. False: it has said nothing more.
  bool Read();
  void Write();
  [[nodiscard]] bool Unwanted() const { return unwanted_; }
  // It can say nothing more that counts.
  [[nodiscard]] bool Over() const;
  // The job's end was said, and all of the job was taken.
  [[nodiscard]] bool Answered() const;
  void Converse();
  [[nodiscard]] Failure Misfortune() const;
  [[nodiscard]] std::string Why() const;
  void EndJob(KeeperContext& context);
  [[nodiscard]] bool EmptyTmp() const;

  const CommandOptions& options_;
  const ProgramLauncher& launcher_;
  const Scratch& scratch_;
  ProcessTree& tree_;
  const int service_;

  std::optional<ErrorOutput> errors_;
  std::string said_;  // the last of what it has said while it starts
  std::optional<WorkerUsage> usage_;
  UniqueFd socket_;
  WorkerAnswer answer_;
  WorkerStream stream_{answer_};
  std::vector<std::byte> buffer_;
  // What is still to be written of the job: its head, then its payload.
  std::deque<std::span<const std::byte>> unsent_;

  bool closed_ = false;                       // its end of the socket
  Deadline must_end_by_ = Deadline::Never();  // having closed it
  bool unwanted_ = false;
  bool scratch_full_ = false;
  bool broken_ = false;  // it gets no other job
};

}  // namespace headrace
