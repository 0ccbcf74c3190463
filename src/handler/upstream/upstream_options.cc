#include "handler/upstream/upstream_options.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <string_view>

#include "base/text_file.h"
#include "net/header_file.h"
#include "net/http_url.h"

namespace headrace {
namespace {

bool HoldsCertificates(const std::string& file) {
  constexpr std::size_t kMostBytes = std::size_t{16} << 20U;
  const auto text = ReadTextFile(file, kMostBytes);
  return text && text->find("-----BEGIN CERTIFICATE-----") != std::string::npos;
}

}  // namespace

std::vector<std::string> Validate(const UpstreamOptions& options) {
  std::vector<std::string> problems;
  if (const auto checked = CheckHttpUrl(options.url); !checked) {
    problems.push_back(fmt::format(
        "upstream: {}; allowed: a URL like http://127.0.0.1:9000/predict, without user, "
        "password and fragment; secrets go into headers_file",
        checked.error().hint));
  }
  if (!options.ca_file.empty()) {
    if (!options.url.starts_with("https:")) {
      problems.emplace_back("ca_file: is of use with an https upstream only; leave it out");
    } else if (!HoldsCertificates(options.ca_file)) {
      problems.push_back(
          fmt::format("ca_file: '{}' is no readable PEM file with certificates", options.ca_file));
    }
  }
  if (const auto headers = ReadUpstreamHeaders(options); !headers) {
    problems.push_back("headers_file: " + headers.error().hint);
  }
  return problems;
}

Expected<std::vector<std::string>> ReadUpstreamHeaders(const UpstreamOptions& options) {
  constexpr std::array<std::string_view, 4> kOurs{"job-id", "request-timeout", "traceparent",
                                                  "tracestate"};
  return ReadHeaderFile(options.headers_file, kOurs);
}

HandlerInfo UpstreamInfo() {
  HandlerInfo info;
  info.name = "http";
  info.description = "sends each job to an HTTP app that takes only so many requests at once";
  return info;
}

}  // namespace headrace
