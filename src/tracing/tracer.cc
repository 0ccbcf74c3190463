#include "tracing/tracer.h"

#include <algorithm>
#include <charconv>

namespace headrace {
namespace {

constexpr double kIds = 18'446'744'073'709'551'616.0;  // 2^64
constexpr std::size_t kLowDigits = 16;

std::uint64_t BoundOf(double sample) {
  return sample >= 1 ? UINT64_MAX : static_cast<std::uint64_t>(std::max(sample, 0.0) * kIds);
}

}  // namespace

Tracer::Tracer(double sample, std::function<void(Span)> record)
    : sample_(sample), bound_(BoundOf(sample)), record_(std::move(record)) {}

// As OpenTelemetry's TraceIdRatioBased has it, by the low 8 bytes of the id: all programs with one
// ratio choose the same traces, and those with a greater one choose them too.
bool Tracer::Chooses(const TraceContext& context) const {
  if (sample_ >= 1) return true;
  const std::string_view digits = context.trace().substr(context.trace_id.size() - kLowDigits);
  std::uint64_t low = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), low, 16);
  return low < bound_;
}

TraceContext Tracer::Begin(const std::optional<TraceContext>& parent) const {
  if (parent) return ChildOf(*parent);
  TraceContext root = NewTrace();
  if (Chooses(root)) root.flags |= TraceContext::kSampled;
  return root;
}

}  // namespace headrace
