#include "config/upstream_keys.h"

#include <string>

namespace headrace {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr Range kTimeout{1, 3'600'000};  // ms

std::vector<Key<QueueConfig>> MakeKeys() {
  KeyList<QueueConfig> keys;
  keys.Text(
          "upstream", "a URL like http://127.0.0.1:9000/predict, or empty",
          "handler http: the app that every job is sent to; required there",
          [](auto& q) -> auto& { return q.upstream.url; })
      .More(
          "http or https, without user, password and fragment. Like all keys of this table refused "
          "with other handlers");
  keys.Choice(
      "method", Choices<std::string>{{"POST", "POST"}, {"PUT", "PUT"}, {"PATCH", "PATCH"}},
      "handler http: the request's method", [](auto& q) -> auto& { return q.upstream.method; });
  keys.Duration(
      "connect_timeout", kTimeout, "handler http: name, TCP and TLS together; longer: 502",
      [](auto& q) -> auto& { return q.upstream.connect_timeout; });
  keys.Duration(
          "idle_timeout", kTimeout,
          "handler http: without a byte while the request is sent or the answer comes; "
          "longer: 502",
          [](auto& q) -> auto& { return q.upstream.idle_timeout; })
      .More("The app may think until the deadline");
  keys.Number(
      "max_response_headers", Sizes(), {kKiB, 256 * kKiB},
      "handler http: header fields of the app's answer; longer: 502",
      [](auto& q) -> auto& { return q.upstream.max_response_headers; });
  keys.Text(
          "ca_file", "a path, or empty",
          "handler http: PEM file of the authorities that are trusted alone; empty: the system's",
          [](auto& q) -> auto& { return q.upstream.ca_file; })
      .More("For an https upstream. Certificates are always verified");
  keys.Text(
          "headers_file", "a path, or empty",
          "handler http: file of lines `Name: value` that are sent with every request, for secrets",
          [](auto& q) -> auto& { return q.upstream.headers_file; })
      .More(
          "`#` begins a comment line. Checked at the start, read again for each job. At most "
          "64KiB; fields that headrace sets itself are refused");
  keys.Truth(
          "stream",
          "handler http: whether answers longer than 1MiB, or of unknown length, go to "
          "their client as they come",
          [](auto& q) -> auto& { return q.upstream.stream; })
      .More(
          "[How](handlers.md#streaming). false: stored whole, so that a failure always has its "
          "status");
  return keys.Take();
}

}  // namespace

const std::vector<Key<QueueConfig>>& UpstreamKeys() {
  static const std::vector<Key<QueueConfig>> kKeys = MakeKeys();
  return kKeys;
}

}  // namespace headrace
