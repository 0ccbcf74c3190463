#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "headrace/handler.h"

namespace headrace {

// What a queue with `handler: http` says of the app behind it.
struct UpstreamOptions {
  std::string url;  // where every job goes; empty: the queue has another handler
  std::string method = "POST";
  std::chrono::milliseconds connect_timeout{1'000};
  std::chrono::milliseconds idle_timeout{30'000};  // without a byte while some should move
  std::uint64_t max_response_headers = std::uint64_t{32} << 10U;  // bytes
  std::string ca_file;       // PEM; empty: the system's authorities
  std::string headers_file;  // lines "Name: value" for every request; empty: none
  bool stream = true;        // long answers go to their client as they come
};

// Every problem, each beginning with the key it is about ("upstream: ..."). Reads the two files.
std::vector<std::string> Validate(const UpstreamOptions& options);

// The header fields in its headers_file, without those that tell of the job (net/header_file.h).
Expected<std::vector<std::string>> ReadUpstreamHeaders(const UpstreamOptions& options);

// What admission and the API know of the handler `http`.
HandlerInfo UpstreamInfo();

}  // namespace headrace
