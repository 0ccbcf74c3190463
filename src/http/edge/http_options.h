#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "http/message/client_address.h"

namespace headrace {

// The main listener (`server:` in the configuration). Sizes in bytes.
struct HttpOptions {
  std::string listen = "127.0.0.1:8080";  // address:port; port 0 takes a free one
  std::size_t threads = 2;                // reactors, each with its own connections

  std::size_t max_body = std::size_t{64} << 20;
  std::size_t max_request_line = std::size_t{8} << 10;   // longer: 414
  std::size_t max_header_bytes = std::size_t{32} << 10;  // the whole head; longer: 431
  std::size_t max_header_fields = 100;                   // more: 431

  std::chrono::milliseconds header_timeout{
      10'000};                                     // from a request's first byte to its last header
  std::chrono::milliseconds body_timeout{10'000};  // the window over which a body's rate is judged
  std::size_t min_body_rate = std::size_t{16}
                              << 10;               // bytes per second over that window; slower: 408
  std::chrono::milliseconds idle_timeout{75'000};  // between two requests of a connection
  std::chrono::milliseconds write_timeout{30'000};    // the window over which a reader is judged
  std::size_t min_write_rate = std::size_t{1} << 10;  // bytes per second over it; slower: cut

  // PEM files; both empty: plain HTTP.
  std::string tls_certificate;
  std::string tls_key;

  bool async = true;  // clients may ask not to wait for their jobs

  std::string trusted_proxies;  // "10.0.0.0/8, ::1": TrustedProxies::Parse
  ClientAddressHeader client_address_header = ClientAddressHeader::kXForwardedFor;
  std::size_t max_jobs_per_client = 0;   // under way at once, by address; 0: no limit
  std::size_t max_connections = 16'384;  // at once; more are closed as they come
};

// The management listener (`management:`): metrics and health on a thread of its own.
struct ManagementOptions {
  std::string listen = "127.0.0.1:8081";
};

// Every problem, each as "server.threads: what, and what is allowed".
std::vector<std::string> Validate(const HttpOptions& options);
std::vector<std::string> Validate(const ManagementOptions& options);

// "127.0.0.1:8080", "[::1]:8080" or "localhost:0" taken apart.
struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;
};
Expected<ListenAddress> ParseListenAddress(const std::string& text);

}  // namespace headrace
