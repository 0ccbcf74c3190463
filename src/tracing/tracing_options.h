#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"

namespace headrace {

// `tracing:`; what is recorded of requests and jobs, and where it goes.
struct TracingOptions {
  std::string endpoint;  // URL of an OTLP/HTTP collector; empty: off
  double sample = 1;     // share of the traces that begin here, 0 to 1
  std::string service_name = "headrace";
  std::string headers_file;                   // lines "Name: value" for every request; empty: none
  std::size_t queue = 2048;                   // spans that wait to be sent
  std::chrono::milliseconds interval{5000};   // between the first that waits and its sending
  std::chrono::milliseconds timeout{10'000};  // of one request
  // Between two attempts at the same spans: at first, and at most.
  std::chrono::milliseconds retry_delay{1000};
  std::chrono::milliseconds retry_max_delay{60'000};

  [[nodiscard]] bool On() const { return !endpoint.empty(); }
};

// Every problem, each beginning with the key it is about ("endpoint: ..."). Reads the file.
std::vector<std::string> Validate(const TracingOptions& options);

// Where spans are posted: the endpoint, with /v1/traces where it has no path.
std::string TracesUrl(const TracingOptions& options);

// The header fields in its headers_file (net/header_file.h).
Expected<std::vector<std::string>> ReadTracingHeaders(const TracingOptions& options);

}  // namespace headrace
