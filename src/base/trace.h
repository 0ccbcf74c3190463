#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace headrace {

// A span's place in its trace, as a traceparent says it (W3C Trace Context, level 1). Value type.
struct TraceContext {
  static constexpr std::uint8_t kSampled = 1;  // of the flags

  std::array<char, 32> trace_id{};  // lower-case hexadecimal digits, not all of them 0
  std::array<char, 16> span_id{};   // the same
  std::uint8_t flags = 0;

  [[nodiscard]] bool sampled() const { return (flags & kSampled) != 0; }
  [[nodiscard]] std::string_view trace() const { return {trace_id.data(), trace_id.size()}; }
  [[nodiscard]] std::string_view span() const { return {span_id.data(), span_id.size()}; }
};

// Nothing if it is no valid traceparent: version 00, or a later one that begins in the same way.
std::optional<TraceContext> ParseTraceparent(std::string_view text);
bool IsTraceparent(std::string_view text);

// Whether a valid traceparent has its sampled flag; of another text, either.
bool SaysSampled(std::string_view traceparent);

// As version 00 has it: 00-<trace id>-<span id>-<flags>.
std::string ToTraceparent(const TraceContext& context);

// A span in a new trace, without flags; one below `parent`, with its trace id and flags. Their ids
// are random. Thread-safe.
TraceContext NewTrace();
TraceContext ChildOf(const TraceContext& parent);

// The traceparent of our own span: the caller's trace id and flags if `incoming` is valid, else a
// new trace; the parent id is always a new one of ours. Thread-safe.
std::string ContinueTrace(std::string_view incoming);

// What of a request's tracestate goes with its job: all of it up to 512 characters, else as many of
// its first members as fit; nothing beside an invalid traceparent, or if it holds characters that
// no tracestate has.
std::string PassedTracestate(std::string_view traceparent, std::string tracestate);

}  // namespace headrace
