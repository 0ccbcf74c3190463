#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "handler/command/command_options.h"
#include "handler/command/error_output.h"
#include "handler/command/hidden_files.h"
#include "handler/command/process_tree.h"
#include "handler/command/program.h"
#include "handler/command/scratch.h"

namespace headrace {

// Measures a private folder again and again: every 100 ms, more often while it fills quickly, more
// seldom where that would cost too much. Takes in files without names.
class ScratchWatch {
 public:
  // `known`: files without names that the program was given. The folder must outlive it.
  ScratchWatch(const Scratch& scratch, std::uint64_t limit, std::vector<FileId> known);

  // Milliseconds until Look has to do; at most 100.
  [[nodiscard]] int Wait() const;
  // Measures if it is time. True: there is more than the limit, now or before.
  bool Look();
  // Measures whatever the time.
  bool LookNow();

 private:
  using Clock = std::chrono::steady_clock;

  const Scratch& scratch_;
  const std::uint64_t limit_;
  const std::vector<FileId> known_;
  Clock::time_point measured_;
  Clock::time_point next_;
  std::uint64_t bytes_ = 0;
  bool full_ = false;
};

// How a program's run ended.
struct RunEnd {
  enum class Reason {
    kExited,       // by itself; `status`
    kScratchFull,  // it took too much room
    kCancelled,    // the service does not want it any more, or has ended
  };
  Reason reason = Reason::kExited;
  int status = 0;  // as of waitpid(2)
};

// What is at work for one job. References live longer.
struct Supervised {
  ProcessTree& tree;
  ErrorOutput& errors;
  ScratchWatch& scratch;
  int socket = -1;  // to the service: that it closes its end means that the job is over
  std::chrono::milliseconds grace{0};
};

// Watches over the program, which was just started, until it has ended or must; returns when
// nothing of it is left, with all that it said passed on.
RunEnd Supervise(StartedProgram program, const Supervised& at_work);

}  // namespace headrace
