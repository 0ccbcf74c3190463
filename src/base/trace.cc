#include "base/trace.h"

#include <algorithm>

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

bool IsLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

bool IsTraceparent(std::string_view text) {
  if (text.size() < kLength || text[kTraceAt - 1] != '-') return false;
  const auto version = text.substr(0, kTraceAt - 1);
  if (!IsLowerHex(version) || version == "ff") return false;
  const bool longer = text.size() > kLength;
  if (longer && (version == "00" || text[kLength] != '-')) return false;
  if (text[kParentAt - 1] != '-' || text[kFlagsAt - 1] != '-') return false;
  const auto trace = text.substr(kTraceAt, kTraceLength);
  const auto parent = text.substr(kParentAt, kParentLength);
  return IsLowerHex(trace) && IsLowerHex(parent) && IsLowerHex(text.substr(kFlagsAt, 2)) &&
         !IsZero(trace) && !IsZero(parent);
}

std::string ContinueTrace(std::string_view incoming) {
  std::string trace = "00-";
  trace.reserve(kLength);
  const bool known = IsTraceparent(incoming);
  if (known) {
    trace += incoming.substr(kTraceAt, kTraceLength);
  } else {
    trace += RandomHex(kTraceLength);
  }
  trace += '-';
  trace += RandomHex(kParentLength);
  trace += '-';
  trace += known ? incoming.substr(kFlagsAt, 2) : std::string_view("00");
  return trace;
}

}  // namespace headrace
