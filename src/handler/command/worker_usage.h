#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

namespace headrace {

// What one living process uses, from job to job: the kernel counts over its whole life. Processes
// that it starts are not counted. Single-threaded.
class WorkerUsage {
 public:
  explicit WorkerUsage(pid_t process) : process_(process) {}

  // A job begins: the process may use `cpu` from now on (0: any amount), to the second above; its
  // peak of memory is counted anew, where the kernel lets us.
  void Begin(std::chrono::seconds cpu);

  struct Used {
    std::chrono::nanoseconds cpu{0};  // since Begin, of all its threads
    std::uint64_t peak_memory = 0;    // largest resident set since Begin, in bytes
  };
  [[nodiscard]] Used Take() const;

 private:
  [[nodiscard]] std::chrono::nanoseconds Cpu() const;

  pid_t process_;
  std::chrono::nanoseconds before_{0};
};

}  // namespace headrace
