#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace headrace {

// Writes what the program of a keeper says on standard error during one job into the service's log,
// a line for each of its lines. The keeper keeps it short; one that does not is at fault. Used by
// one thread.
class StderrLog {
 public:
  StderrLog(std::string queue, std::string job_id)
      : queue_(std::move(queue)), job_id_(std::move(job_id)) {}

  // A piece, which may end within a line. False: this is more than any keeper sends in one job.
  [[nodiscard]] bool Add(std::string_view piece);
  // The job is over, so the line as well.
  void End();

 private:
  void WriteLine();

  const std::string queue_;
  const std::string job_id_;
  std::string line_;
  std::uint64_t total_ = 0;  // bytes, as frames
};

}  // namespace headrace
