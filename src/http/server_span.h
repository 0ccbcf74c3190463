#pragma once

#include <string>
#include <string_view>

#include "http/edge/site.h"
#include "tracing/span.h"
#include "tracing/tracer.h"

namespace headrace {

// What of a request's span its exchange does not know.
struct ServerSpanFacts {
  int status = 0;          // of the answer; 499: its client went before
  bool https = false;      // the listener's scheme
  std::string_view queue;  // whose path it is; empty: none's
};

// Our own traceparent for a request with this header field, with the tracer's decision; null: the
// client's decision, or none (ContinueTrace).
std::string TraceOfRequest(const Tracer* tracer, std::string_view traceparent);

// The span of a request that has been answered just now, as OpenTelemetry's conventions for HTTP
// servers have it. The query is not in it. The exchange has a trace.
Span ServerSpan(const Exchange& exchange, const ServerSpanFacts& facts);

}  // namespace headrace
