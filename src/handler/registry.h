#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "handler/sandbox/isolation.h"
#include "headrace/handler.h"

namespace headrace {

// One handler that queues can name, and where it may run.
struct HandlerEntry {
  HandlerInfo info;
  Handler* in_thread = nullptr;  // for `mode: thread`, not owned; null: not declared thread-safe
  // File name of its executor binary in the executors' folder, or an absolute path; empty: no
  // `mode: process`.
  std::string executor;
  std::vector<std::string> arguments{};  // of that binary, before those of the queue
  bool forwards = false;                 // to the queue's upstream: no code of ours does the job
};

// The handlers of this program by name. Filled at the start, read by all threads after that;
// entries keep their address.
class HandlerRegistry {
 public:
  // The name must be new.
  void Add(HandlerEntry entry);

  // Null if there is no such handler.
  [[nodiscard]] const HandlerEntry* Find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> Names() const;

 private:
  std::map<std::string, HandlerEntry, std::less<>> entries_;
};

// Whether a queue may run this handler like that: every problem, beginning with the key ("mode:
// ...").
std::vector<std::string> CheckIsolation(const HandlerEntry& handler,
                                        const IsolationOptions& options);

}  // namespace headrace
