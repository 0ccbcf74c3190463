#include "http/edge/http_options.h"

#include <fmt/format.h>

#include "base/words.h"

namespace headrace {
namespace {

Error BadAddress(const std::string& text) {
  return Error{ErrorCode::kInvalidArgument, "listen-address",
               fmt::format("'{}' is not address:port (port 0 to 65535)", text), "", 0};
}

class Problems {
 public:
  template <class T>
  void Range(const char* key, T value, T low, T high, const char* unit = "") {
    if (value < low) {
      list_.push_back(fmt::format("{}: {}{} is below {}{}", key, value, unit, low, unit));
    } else if (value > high) {
      list_.push_back(fmt::format("{}: {}{} is above {}{}", key, value, unit, high, unit));
    }
  }

  void Timeout(const char* key, std::chrono::milliseconds value) {
    Range<std::int64_t>(key, value.count(), 100, 3'600'000, "ms");
  }

  void Listen(const char* key, const std::string& text) {
    if (auto address = ParseListenAddress(text); !address) {
      list_.push_back(fmt::format("{}: {}", key, address.error().hint));
    }
  }

  void Add(std::string problem) { list_.push_back(std::move(problem)); }

  std::vector<std::string> Take() { return std::move(list_); }

 private:
  std::vector<std::string> list_;
};

}  // namespace

Expected<ListenAddress> ParseListenAddress(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return BadAddress(text);
  ListenAddress address;
  address.host = text.substr(0, colon);
  if (address.host.front() == '[' && address.host.back() == ']') {
    address.host = address.host.substr(1, address.host.size() - 2);
  } else if (address.host.find(':') != std::string::npos) {
    return BadAddress(text);  // an IPv6 address needs its brackets
  }
  const auto port = ParseNumberAll<std::uint16_t>(text.substr(colon + 1));
  if (address.host.empty() || !port) return BadAddress(text);
  address.port = *port;
  return address;
}

std::vector<std::string> Validate(const HttpOptions& o) {
  constexpr std::size_t kKiB = 1024;
  Problems problems;
  problems.Listen("server.listen", o.listen);
  problems.Range<std::size_t>("server.threads", o.threads, 1, 256);
  problems.Range<std::size_t>("server.max_body", o.max_body, 1, kKiB * kKiB * kKiB * 4);
  problems.Range<std::size_t>("server.max_request_line", o.max_request_line, 256, kKiB * 64);
  problems.Range<std::size_t>("server.max_header_bytes", o.max_header_bytes, kKiB, kKiB * kKiB);
  problems.Range<std::size_t>("server.max_header_fields", o.max_header_fields, 8, 10'000);
  problems.Timeout("server.header_timeout", o.header_timeout);
  problems.Timeout("server.body_timeout", o.body_timeout);
  problems.Range<std::size_t>("server.min_body_rate", o.min_body_rate, 0, kKiB * kKiB * kKiB);
  problems.Timeout("server.idle_timeout", o.idle_timeout);
  problems.Timeout("server.write_timeout", o.write_timeout);
  problems.Range<std::size_t>("server.min_write_rate", o.min_write_rate, 0, kKiB * kKiB * kKiB);
  problems.Range<std::size_t>("server.max_connections", o.max_connections, 1, 1'000'000);
  problems.Range<std::size_t>("server.max_jobs_per_client", o.max_jobs_per_client, 0, 1'000'000);
  if (auto proxies = TrustedProxies::Parse(o.trusted_proxies); !proxies) {
    problems.Add("server.trusted_proxies: " + proxies.error().hint);
  }
  if (o.tls_certificate.empty() != o.tls_key.empty()) {
    problems.Add(o.tls_key.empty() ? "server.tls.key: is missing beside server.tls.certificate"
                                   : "server.tls.certificate: is missing beside server.tls.key");
  }
  return problems.Take();
}

std::vector<std::string> Validate(const ManagementOptions& o) {
  Problems problems;
  problems.Listen("management.listen", o.listen);
  return problems.Take();
}

}  // namespace headrace
