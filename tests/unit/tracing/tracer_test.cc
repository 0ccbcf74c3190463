#include "tracing/tracer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace headrace {
namespace {

Tracer Sampling(double sample) {
  return {sample, [](const Span&) {}};
}

// As OpenTelemetry's TraceIdRatioBased reads an id.
std::uint64_t LowHalf(const TraceContext& context) {
  return std::stoull(std::string(context.trace().substr(16)), nullptr, 16);
}

TEST(Tracer, DoesWithAnotherProgramsTraceWhatThatOneDoes) {
  auto parent = NewTrace();
  parent.flags = 1;
  const TraceContext sampled = Sampling(0).Begin(parent);
  EXPECT_TRUE(sampled.sampled());
  EXPECT_EQ(sampled.trace(), parent.trace());
  EXPECT_NE(sampled.span(), parent.span());
  parent.flags = 0;
  EXPECT_FALSE(Sampling(1).Begin(parent).sampled());
}

TEST(Tracer, RecordsAllOrNoneOfTheTracesThatBeginHere) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(Sampling(1).Begin(std::nullopt).sampled());
    EXPECT_FALSE(Sampling(0).Begin(std::nullopt).sampled());
  }
}

TEST(Tracer, RecordsItsShareByTheLowHalfOfTheTraceId) {
  const Tracer tracer = Sampling(0.25);
  constexpr int kTraces = 4000;
  int sampled = 0;
  for (int i = 0; i < kTraces; ++i) {
    const TraceContext context = tracer.Begin(std::nullopt);
    EXPECT_EQ(context.sampled(), LowHalf(context) < (std::uint64_t{1} << 62U));
    sampled += context.sampled() ? 1 : 0;
  }
  EXPECT_NEAR(sampled, kTraces / 4, kTraces / 20);
}

TEST(Tracer, HandsSpansOn) {
  std::vector<std::string> names;
  const Tracer tracer(1, [&](const Span& span) { names.push_back(span.name); });
  Span span;
  span.name = "work";
  tracer.Record(span);
  EXPECT_EQ(names, std::vector<std::string>{"work"});
}

}  // namespace
}  // namespace headrace
