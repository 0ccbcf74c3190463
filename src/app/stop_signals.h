#pragma once

#include <cstddef>
#include <thread>

#include "base/fd.h"
#include "config/config.h"

namespace headrace {

// Ends the process here and now, with exit status 1 and a line that tells how many jobs are cut,
// unless nobody reads the log. Executors have PDEATHSIG: they end with it. `log` is what runs. Any
// thread.
[[noreturn]] void EndAtOnce(std::size_t jobs, const LogOptions& log);

// SIGTERM and SIGINT, for the times in which the main thread reads no signals: the start, and the
// last steps of a stop. Made by the main thread, with both of them blocked.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();  // nothing is watched any more
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // False with errno: no descriptor was left for it.
  [[nodiscard]] bool Good() const { return signals_ && over_; }

  // Readable while one of them is pending.
  [[nodiscard]] int fd() const { return signals_.get(); }
  [[nodiscard]] bool Pending() const;
  // Takes one that is pending.
  void Take() const;

  // From now on the next of them ends the process at once, by a thread of its own. `jobs`: how many
  // it is to tell of. Once.
  void EndAtNext(std::size_t jobs, const LogOptions& log);

 private:
  UniqueFd signals_;
  UniqueFd over_;  // readable: the thread is to end
  std::thread thread_;
};

}  // namespace headrace
