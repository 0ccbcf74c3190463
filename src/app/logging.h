#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "config/config.h"

namespace spdlog::details {
class thread_pool;  // NOLINT(readability-identifier-naming): spdlog's
}

namespace headrace {

// Lines go to stderr, directly: for the time before threads, for the other commands, and for the
// last line of a process that ends at once. Other threads may go on to log meanwhile: the logger
// that they are in is kept for good.
void LogDirectly(const LogOptions& options);

// While it lives, lines go through a bounded queue to a thread of its own; when stderr is slow, the
// oldest are dropped and counted, nobody waits. After it, lines go directly again. One per process,
// made and destroyed by the main thread.
class AsyncLog {
 public:
  explicit AsyncLog(const LogOptions& options);
  ~AsyncLog();  // writes what is queued
  AsyncLog(const AsyncLog&) = delete;
  AsyncLog& operator=(const AsyncLog&) = delete;

  // From now on. Main thread.
  void SetLevel(LogLevel level);

  // Lines lost so far. Thread-safe.
  [[nodiscard]] std::uint64_t Dropped() const;

 private:
  LogOptions options_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
};

}  // namespace headrace
