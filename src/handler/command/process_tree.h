#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"

namespace headrace {

// The processes below this one, which must be a subreaper: whatever loses its parent comes here, so
// that nothing can hide by forking twice or by a session of its own. They are not trusted.
// Single-threaded; one of it in a process.
class ProcessTree {
 public:
  // `service`: the parent of this process as long as that lives. From now on SIGCHLD and SIGTERM
  // are blocked here and read from signals().
  static Expected<ProcessTree> Make(pid_t service);

  // Readable when a process has ended or this one was told to end: call Look.
  [[nodiscard]] int signals() const { return signals_.get(); }
  // Reaps what has ended and takes in what was told. Never blocks.
  void Look();

  // The one whose end matters. Before it is started for the first Look after it. With `told` it is
  // the first process of a program's namespaces, which reaps all others and says there at its end
  // how the program ended (program_init.h).
  void Watch(pid_t program, UniqueFd told = {});
  // Its status as of waitpid(2), once it has ended.
  [[nodiscard]] std::optional<int> status() const { return status_; }

  // By SIGTERM, or by the end of the service.
  [[nodiscard]] bool ToldToEnd() const { return told_ || ServiceGone(); }
  [[nodiscard]] bool ServiceGone() const;

  // Their threads at this moment, as /proc/PID/task/TID. Cheap, so not exact: it may miss what is
  // being started or handed over.
  [[nodiscard]] static std::vector<std::string> Tasks();

  // Ends all of them: SIGTERM, `grace`, then SIGKILL to those that are left; returns when none is
  // left, not even a zombie. Without grace SIGKILL comes at once. During the grace `meanwhile` is
  // called whenever `fd` is readable and at least every 100 ms; when it returns false, or the
  // service has ended, the grace is over.
  void End(std::chrono::milliseconds grace, int fd = -1,
           const std::function<bool()>& meanwhile = {});

 private:
  ProcessTree(pid_t service, UniqueFd signals) : service_(service), signals_(std::move(signals)) {}
  // Reaps until nothing more has ended. False: there is no process left.
  bool Reap();
  void AwaitEnd(std::chrono::milliseconds grace, int fd, const std::function<bool()>& meanwhile);
  // True: none is left.
  bool KillOnce(bool thoroughly);
  bool KillAllButInit();
  void KillAll();

  pid_t service_;
  UniqueFd signals_;
  pid_t watched_ = 0;
  UniqueFd told_status_;  // where the watched one says how the program ended
  std::optional<int> status_;
  bool told_ = false;
};

}  // namespace headrace
