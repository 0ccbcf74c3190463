#include "http/http_server.h"

#include <utility>

namespace headrace {

HttpServer::HttpServer(HttpOptions options, JobService& service, Metrics& metrics)
    : site_(service, metrics, options.max_jobs_per_client),
      server_(std::move(options), site_, "http") {}

}  // namespace headrace
