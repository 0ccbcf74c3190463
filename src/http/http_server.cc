#include "http/http_server.h"

#include <utility>

namespace headrace {
namespace {

ClientLimit LimitOf(const HttpOptions& options) {
  auto proxies = TrustedProxies::Parse(options.trusted_proxies);
  // Validate has judged them.
  return ClientLimit(options.max_jobs_per_client, proxies ? *std::move(proxies) : TrustedProxies());
}

}  // namespace

HttpServer::HttpServer(HttpOptions options, JobService& service, Metrics& metrics,
                       const KeyRing* keys)
    : https_(!options.tls_certificate.empty()),
      site_(service, metrics, LimitOf(options), options.async, keys),
      server_(std::move(options), site_, "http") {}

}  // namespace headrace
