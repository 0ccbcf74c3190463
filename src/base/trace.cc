#include "base/trace.h"

#include <algorithm>
#include <charconv>

#include "base/job_id.h"

namespace headrace {
namespace {

// version "-" trace-id "-" parent-id "-" flags
constexpr std::size_t kLength = 55;
constexpr std::size_t kTraceAt = 3;
constexpr std::size_t kTraceLength = 32;
constexpr std::size_t kParentAt = 36;
constexpr std::size_t kParentLength = 16;
constexpr std::size_t kFlagsAt = 53;

// What W3C Trace Context, 3.3.1.5, wants passed on at least.
constexpr std::size_t kMaxTracestate = 512;

bool IsLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

std::string_view TraceOf(std::string_view text) { return text.substr(kTraceAt, kTraceLength); }
std::string_view ParentOf(std::string_view text) { return text.substr(kParentAt, kParentLength); }

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= ' ' && c <= '~') || c == '\t'; });
}

}  // namespace

bool IsTraceparent(std::string_view text) {
  if (text.size() < kLength || text[kTraceAt - 1] != '-') return false;
  const auto version = text.substr(0, kTraceAt - 1);
  if (!IsLowerHex(version) || version == "ff") return false;
  const bool longer = text.size() > kLength;
  if (longer && (version == "00" || text[kLength] != '-')) return false;
  if (text[kParentAt - 1] != '-' || text[kFlagsAt - 1] != '-') return false;
  const auto trace = TraceOf(text);
  const auto parent = ParentOf(text);
  return IsLowerHex(trace) && IsLowerHex(parent) && IsLowerHex(text.substr(kFlagsAt, 2)) &&
         !IsZero(trace) && !IsZero(parent);
}

std::optional<TraceContext> ParseTraceparent(std::string_view text) {
  if (!IsTraceparent(text)) return std::nullopt;
  TraceContext context;
  const auto trace = TraceOf(text);
  const auto parent = ParentOf(text);
  std::copy(trace.begin(), trace.end(), context.trace_id.begin());
  std::copy(parent.begin(), parent.end(), context.span_id.begin());
  std::from_chars(text.data() + kFlagsAt, text.data() + kLength, context.flags, 16);
  return context;
}

bool SaysSampled(std::string_view traceparent) {
  if (traceparent.size() < kLength) return false;
  const char digit = traceparent[kLength - 1];  // '0' is even, 'a' is odd, and worth an even number
  return ((digit <= '9' ? digit : digit + 1) & 1) != 0;
}

std::string ToTraceparent(const TraceContext& context) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text = "00-";
  text.reserve(kLength);
  text += context.trace();
  text += '-';
  text += context.span();
  text += '-';
  text += kHex[context.flags >> 4U];
  text += kHex[context.flags & 15U];
  return text;
}

// That all random digits are 0 does not happen.
TraceContext NewTrace() {
  TraceContext context;
  FillRandomHex(context.trace_id);
  FillRandomHex(context.span_id);
  return context;
}

// Flags that are not known are not passed on (W3C Trace Context, level 2, 4.3).
TraceContext ChildOf(const TraceContext& parent) {
  constexpr std::uint8_t kKnown = 0x03;  // sampled; the trace id is random
  TraceContext context = parent;
  context.flags &= kKnown;
  FillRandomHex(context.span_id);
  return context;
}

std::string ContinueTrace(std::string_view incoming) {
  const auto parent = ParseTraceparent(incoming);
  return ToTraceparent(parent ? ChildOf(*parent) : NewTrace());
}

std::string PassedTracestate(std::string_view traceparent, std::string tracestate) {
  if (tracestate.empty()) return tracestate;
  if (!IsTraceparent(traceparent) || !IsPrintable(tracestate)) return {};
  if (tracestate.size() <= kMaxTracestate) return tracestate;
  const auto end = tracestate.rfind(',', kMaxTracestate);
  tracestate.resize(end == std::string::npos ? 0 : end);
  return tracestate;
}

}  // namespace headrace
