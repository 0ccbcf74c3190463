#include "config/tracing_keys.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string>

namespace headrace {
namespace {

constexpr Range kTime{100, 3'600'000};  // ms

std::optional<double> ParseShare(const std::string& text) {
  double share = -1;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, share, std::chars_format::fixed);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == end;
  return whole && share >= 0 && share <= 1 ? std::optional(share) : std::nullopt;
}

Key<Config> SampleKey() {
  Key<Config> key;
  key.path = "tracing.sample";
  key.allowed = "a number of 0 to 1";
  key.help =
      "share of the traces that begin here which is recorded; of others their callers decide";
  key.read = [](Config& config, const std::string& text) -> std::optional<std::string> {
    const auto share = ParseShare(text);
    if (!share) return fmt::format("'{}' is no such number", text);
    config.tracing.sample = *share;
    return std::nullopt;
  };
  key.show = [](const Config& config) { return fmt::format("{}", config.tracing.sample); };
  return key;
}

void AddKeys(KeyList<Config>& keys) {
  keys.Text(
          "tracing.endpoint", "a URL like http://collector:4318, or empty",
          "OTLP/HTTP collector that takes spans; empty: off",
          [](auto& c) -> auto& { return c.tracing.endpoint; })
      .More("[What it gets](tracing.md). `/v1/traces` is added where the URL has no path");
  keys.Add(SampleKey());
  keys.Text(
      "tracing.service_name", "a name", "`service.name` of all spans",
      [](auto& c) -> auto& { return c.tracing.service_name; });
  keys.Text(
          "tracing.headers_file", "a path, or empty",
          "file of lines `Name: value`, sent with every request to the collector",
          [](auto& c) -> auto& { return c.tracing.headers_file; })
      .More("For tokens; read again for each request");
  keys.Number(
      "tracing.queue", Counts(), {1, 1'000'000},
      "spans in memory, about 1KiB each; a new one presses out the oldest",
      [](auto& c) -> auto& { return c.tracing.queue; });
  keys.Duration(
      "tracing.interval", kTime,
      "from the first span that waits to its sending; 512 spans go at once",
      [](auto& c) -> auto& { return c.tracing.interval; });
  keys.Duration(
      "tracing.timeout", kTime, "of one request to the collector",
      [](auto& c) -> auto& { return c.tracing.timeout; });
}

}  // namespace

const std::vector<Key<Config>>& TracingKeys() {
  static const std::vector<Key<Config>> kKeys = [] {
    KeyList<Config> keys;
    AddKeys(keys);
    return keys.Take();
  }();
  return kKeys;
}

}  // namespace headrace
