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
  std::string media_type;  // the payload's as the client named it; empty if it named none
  std::uint32_t attempt = 1;
  std::string traceparent;  // W3C Trace Context of this job, empty if there is none
};

}  // namespace headrace
