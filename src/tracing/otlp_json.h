#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/deadline.h"
#include "tracing/span.h"

namespace headrace {

// Who measured the spans, for all of them: resource attributes and the scope's version.
struct TraceSource {
  std::vector<std::pair<std::string, Span::Value>> attributes;
  std::string version;
};

// The process that runs: service.name, service.version, service.instance.id (a random UUID),
// host.name, process.pid and telemetry.sdk.*.
TraceSource ThisProcess(const std::string& service_name, const std::string& version);

// Turns the steady clock's instants into those of the wall clock. With one of them for all spans,
// what lies within another span does so after it, too.
class WallClock {
 public:
  WallClock() { Adjust(); }

  // After a step of the wall clock: takes up the new time. Small differences are left: they would
  // tear spans apart that belong together.
  void Adjust();

  [[nodiscard]] std::int64_t NanosecondsOf(SteadyTime time) const {  // since 1970
    return std::chrono::nanoseconds(time.time_since_epoch()).count() + offset_;
  }

 private:
  std::int64_t offset_ = 0;
};

// An ExportTraceServiceRequest in the JSON encoding of OTLP 1.x: ids in hexadecimal digits, 64-bit
// numbers as texts, enums as numbers. Texts of any bytes become UTF-8; they are cut at 2 KiB.
std::string EncodeSpans(const TraceSource& source, std::span<const Span> spans,
                        const WallClock& clock);

}  // namespace headrace
