#pragma once

#include <memory>

#include "base/deadline.h"
#include "tracing/span_exporter.h"
#include "tracing/trace_figures.h"
#include "tracing/tracer.h"
#include "tracing/tracing_options.h"

namespace headrace {

// Tracing as it is configured; where it is off, nothing and no thread. Thread-safe but for Stop.
class Tracing {
 public:
  explicit Tracing(const TracingOptions& options);

  [[nodiscard]] const Tracer* tracer() const { return tracer_.get(); }  // null: it is off
  [[nodiscard]] TraceFigures Figures() const;

  // The last spans leave, as far as there is time: until the drain's end, but for 100 ms to 1 s.
  void Stop(Deadline drain);

 private:
  const std::unique_ptr<SpanExporter> exporter_;
  const std::unique_ptr<const Tracer> tracer_;  // hands on to the exporter
};

}  // namespace headrace
