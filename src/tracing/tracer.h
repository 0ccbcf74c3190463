#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "base/trace.h"
#include "tracing/span.h"

namespace headrace {

// Decides which traces are recorded, and hands their spans on. Where tracing is off there is none:
// whoever records has a null pointer then, and does nothing. Thread-safe.
class Tracer {
 public:
  // `sample`: the share of the traces that begin here which is recorded, 0 to 1. `record` takes
  // each span as it ends, from any thread, and must not block.
  Tracer(double sample, std::function<void(Span)> record);

  // The place of a new span below `parent`, with its decision; without one of a new trace, for
  // which it is made here.
  [[nodiscard]] TraceContext Begin(const std::optional<TraceContext>& parent) const;

  // A span of a sampled trace has ended.
  void Record(Span span) const { record_(std::move(span)); }

 private:
  [[nodiscard]] bool Chooses(const TraceContext& context) const;

  const double sample_;
  const std::uint64_t bound_;  // of the trace ids that are chosen
  const std::function<void(Span)> record_;
};

}  // namespace headrace
