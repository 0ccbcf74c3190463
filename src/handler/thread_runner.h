#pragma once

#include <cstdint>

#include "handler/result_store.h"
#include "handler/runner.h"
#include "headrace/handler.h"

namespace headrace {

// Runs a handler on the worker's own thread (`isolation: {mode: thread}`). It cannot be killed: a
// handler that does not poll `Context::Cancelled` keeps its worker until it returns. What it throws
// ends as kInternal.
class ThreadRunner final : public Runner {
 public:
  // `handler` is warm and outlives this; it is called from all workers at once. `max_result` in
  // bytes.
  explicit ThreadRunner(Handler& handler, std::uint64_t max_result = std::uint64_t{1} << 30U,
                        const ResultStore& store = {})
      : handler_(handler), max_result_(max_result), store_(store) {}

  [[nodiscard]] Outcome Run(const QueuedJob& job) override;

 private:
  Handler& handler_;
  const std::uint64_t max_result_;
  const ResultStore store_;  // of what jobs have made while they go on
};

}  // namespace headrace
