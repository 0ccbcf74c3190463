#include "tracing/tracing_options.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "net/header_file.h"
#include "net/http_url.h"

namespace headrace {

std::vector<std::string> Validate(const TracingOptions& options) {
  std::vector<std::string> problems;
  if (!options.On()) return problems;
  if (const auto checked = CheckHttpUrl(options.endpoint); !checked) {
    problems.push_back(
        fmt::format("endpoint: {}; allowed: a URL like http://collector:4318, without user, "
                    "password and fragment; tokens go into headers_file",
                    checked.error().hint));
  }
  if (options.service_name.empty()) {
    problems.emplace_back("service_name: is empty; allowed: a name");
  }
  if (const auto headers = ReadTracingHeaders(options); !headers) {
    problems.push_back("headers_file: " + headers.error().hint);
  }
  return problems;
}

std::string TracesUrl(const TracingOptions& options) {
  constexpr std::string_view kPath = "/v1/traces";
  std::string url = options.endpoint;
  const auto host = url.find("://");
  const auto end = url.find_first_of("/?", host == std::string::npos ? 0 : host + 3);
  if (end == std::string::npos) return url.append(kPath);
  if (url[end] == '?') return url.insert(end, kPath);
  const bool no_path = end + 1 == url.size() || url[end + 1] == '?';
  return no_path ? url.replace(end, 1, kPath) : url;
}

Expected<std::vector<std::string>> ReadTracingHeaders(const TracingOptions& options) {
  constexpr std::array<std::string_view, 2> kOurs{"traceparent", "user-agent"};
  return ReadHeaderFile(options.headers_file, kOurs);
}

}  // namespace headrace
