#pragma once

#include <optional>
#include <string>

namespace headrace {

// What an executor of ExecutorProfile::kKeeper does beside its handler's jobs. It starts another
// program and answers for it: no process of that program outlives it. Its process is not confined
// itself and is the subreaper of all that it starts. SIGTERM is blocked in it from the fork on and
// comes when nobody wants its work any more: from the service, or from the kernel when the service
// has ended (then getppid() is another process than at the start). Used by the executor's one
// thread. What its functions throw counts as the reason of Begin, else ends the process.
class Keeper {
 public:
  Keeper() = default;
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  virtual ~Keeper() = default;

  // After the executor's limits, before its first hello: starts what is kept over several jobs.
  // Returns the reason why it cannot take a job, which the service logs; End follows.
  [[nodiscard]] virtual std::optional<std::string> Begin() = 0;

  // Waits until `socket` is readable. False: it was told to end, the socket is closed, or what it
  // keeps has ended; End follows.
  [[nodiscard]] virtual bool AwaitJob(int socket) = 0;

  // Asked after each job. False: it takes no other one, because what it keeps has ended.
  [[nodiscard]] virtual bool TakesMore() const = 0;

  // Ends all that it has started and removes its files; the process exits after it. The service
  // waits for that as long as it was told when it made the pool, then kills. Idempotent.
  virtual void End() = 0;
};

}  // namespace headrace
