#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/sync.h"

namespace headrace {

// What the probes are told. A full queue stays ready: 429 is its answer. Thread-safe.
class Health {
 public:
  struct Answer {
    bool ok = false;
    std::string reason;  // for the operator; "ok" when it is
  };
  // Nothing when all is well, else why the service cannot work. Called on the prober's thread.
  using Check = std::function<std::string()>;

  // Adds a condition of readiness (of liveness). Before the first probe.
  void AddReadiness(Check check);
  void AddLiveness(Check check);

  void SetStarted();   // configuration read, zygotes warm, listener bound
  void SetDraining();  // stopping: not ready any more

  [[nodiscard]] Answer Started() const;
  [[nodiscard]] Answer Ready() const;
  [[nodiscard]] Answer Live() const;
  [[nodiscard]] bool Draining() const;

 private:
  static Answer FirstFailure(const std::vector<Check>& checks);

  mutable Mutex mu_;
  bool started_ GUARDED_BY(mu_) = false;
  bool draining_ GUARDED_BY(mu_) = false;
  std::vector<Check> readiness_;  // constant after start-up
  std::vector<Check> liveness_;   // constant after start-up
};

}  // namespace headrace
