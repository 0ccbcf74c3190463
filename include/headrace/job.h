#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "headrace/params.h"

namespace headrace {

// What a handler sees of the job it works on. Valid during Run only; the payload is read-only
// memory that the service owns.
struct Job {
  std::string id;
  std::string queue;
  Params params;
  std::span<const std::byte> payload;
  // A readable descriptor of the payload, for handlers that hand it to other programs; its offset
  // may be anywhere. -1: the payload is empty, or the handler runs in `mode: thread`.
  int payload_fd = -1;
  std::string media_type;  // the payload's as the client named it; empty if it named none
  std::uint32_t attempt = 1;
  std::string traceparent;  // W3C Trace Context of this job, empty if there is none
  std::string tracestate;   // what its client's tracing adds to it; empty if there is nothing
};

}  // namespace headrace
