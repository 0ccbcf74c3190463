#include "config/upstream_keys.h"

#include <string>

namespace headrace {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr Range kTimeout{1, 3'600'000};  // ms

template <class Access>
Field<QueueConfig, Access> Of(const char* path, Access access, const char* help) {
  return {path, access, help};
}

std::vector<Key<QueueConfig>> MakeKeys() {
  std::vector<Key<QueueConfig>> keys;
  keys.push_back(TextKey(Of(
                             "upstream", [](auto& q) -> auto& { return q.upstream.url; },
                             "handler http: the app that every job is sent to"),
                         "a URL like http://127.0.0.1:9000/predict, or empty"));
  keys.push_back(
      ChoiceKey(Of(
                    "method", [](auto& q) -> auto& { return q.upstream.method; },
                    "handler http: the request's method"),
                Choices<std::string>{{"POST", "POST"}, {"PUT", "PUT"}, {"PATCH", "PATCH"}}));
  keys.push_back(DurationKey(
      Of(
          "connect_timeout", [](auto& q) -> auto& { return q.upstream.connect_timeout; },
          "handler http: name, TCP and TLS together; longer: 502"),
      kTimeout));
  keys.push_back(
      DurationKey(Of(
                      "idle_timeout", [](auto& q) -> auto& { return q.upstream.idle_timeout; },
                      "handler http: without a byte while the request is sent or the answer comes; "
                      "longer: 502"),
                  kTimeout));
  keys.push_back(NumberKey(
      Of(
          "max_response_headers", [](auto& q) -> auto& { return q.upstream.max_response_headers; },
          "handler http: header fields of the app's answer; longer: 502"),
      Sizes(), {kKiB, 256 * kKiB}));
  keys.push_back(TextKey(
      Of(
          "ca_file", [](auto& q) -> auto& { return q.upstream.ca_file; },
          "handler http: PEM file of the authorities that are trusted; empty: the system's"),
      "a path, or empty"));
  keys.push_back(
      TextKey(Of(
                  "headers_file", [](auto& q) -> auto& { return q.upstream.headers_file; },
                  "handler http: file of lines 'Name: value', sent with every request"),
              "a path, or empty"));
  keys.push_back(
      ChoiceKey(Of(
                    "stream", [](auto& q) -> auto& { return q.upstream.stream; },
                    "handler http: whether answers longer than 1MiB, or of unknown length, go to "
                    "their client as they come"),
                Choices<bool>{{"true", true}, {"false", false}}));
  return keys;
}

}  // namespace

const std::vector<Key<QueueConfig>>& UpstreamKeys() {
  static const std::vector<Key<QueueConfig>> kKeys = MakeKeys();
  return kKeys;
}

}  // namespace headrace
