// What leaves for a collector, against the JSON encoding of opentelemetry-proto.
#include "tracing/otlp_json.h"

#include <gmock/gmock.h>

#include <chrono>
#include <string>

#include "base/json.h"

namespace headrace {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

const TraceSource kSource{{{"service.name", std::string("my.service")}}, "1.0"};

// The span of opentelemetry-proto's examples/trace.json, but for its times.
Span Example() {
  Span span;
  span.context = *ParseTraceparent("00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174-01");
  span.parent_id =
      ParseTraceparent("00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b173-01")->span_id;
  span.kind = SpanKind::kServer;
  span.name = "I'm a server span";
  span.start = SteadyTime(std::chrono::seconds(100));
  span.end = SteadyTime(std::chrono::milliseconds(100'001));
  span.Add("my.span.attr", std::string("some value"));
  return span;
}

std::string Encode(const Span& span, const WallClock& clock = WallClock()) {
  return EncodeSpans(kSource, std::span(&span, 1), clock);
}

TEST(OtlpJson, IsWhatTheExampleOfTheProtocolShows) {
  const WallClock clock;
  const Span span = Example();
  EXPECT_EQ(
      Encode(span, clock),
      R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":)"
      R"("my.service"}}]},"scopeSpans":[{"scope":{"name":"headrace","version":"1.0"},"spans":[{)"
      R"("traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174",)"
      R"("parentSpanId":"eee19b7ec3c1b173","flags":257,"name":"I'm a server span","kind":2,)"
      R"("startTimeUnixNano":")" +
          std::to_string(clock.NanosecondsOf(span.start)) + R"(","endTimeUnixNano":")" +
          std::to_string(clock.NanosecondsOf(span.end)) +
          R"(","attributes":[{"key":"my.span.attr","value":{"stringValue":"some value"}}]}]}]}]})");
}

TEST(OtlpJson, HasNumbersOf64BitsAsTexts) {
  Span span = Example();
  span.attributes.clear();
  span.Add("count", std::int64_t{9'007'199'254'740'993});
  span.Add("seconds", 0.25);
  EXPECT_THAT(Encode(span), HasSubstr(R"([{"key":"count","value":{"intValue":"9007199254740993"}},)"
                                      R"({"key":"seconds","value":{"doubleValue":0.25}}])"));
}

TEST(OtlpJson, LeavesOutWhatASpanHasNot) {
  Span span = Example();
  span.parent_id = {};
  const std::string text = Encode(span);
  EXPECT_THAT(text, Not(HasSubstr("parentSpanId")));
  EXPECT_THAT(text, Not(HasSubstr("traceState")));
  EXPECT_THAT(text, Not(HasSubstr("status")));
}

TEST(OtlpJson, TellsOfFailuresRemoteParentsAndTheTracestate) {
  Span span = Example();
  span.failed = true;
  span.failure = "pid 7 signal 9";
  span.remote_parent = true;
  span.trace_state = "a=1,b=2";
  const std::string text = Encode(span);
  EXPECT_THAT(text, HasSubstr(R"("status":{"code":2,"message":"pid 7 signal 9"})"));
  EXPECT_THAT(text, HasSubstr(R"("flags":769,"traceState":"a=1,b=2")"));
}

TEST(OtlpJson, MakesUtf8OfAnyBytesAndCutsLongTexts) {
  Span span = Example();
  span.name = "a\"b\\c\n\xff\xC3\xA4";
  span.attributes.clear();
  span.Add("long", std::string(5000, 'x'));
  const std::string text = Encode(span);
  EXPECT_TRUE(ParseJson(text));
  EXPECT_THAT(text, HasSubstr("\"a\\\"b\\\\c\\n\xEF\xBF\xBD\xC3\xA4\""));
  EXPECT_THAT(text, HasSubstr("\"" + std::string(2048, 'x') + "\""));
}

TEST(OtlpJson, KeepsTheDistancesOfTheSteadyClock) {
  const WallClock clock;
  const SteadyTime now = SteadyClock::now();
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_NEAR(static_cast<double>(clock.NanosecondsOf(now)),
              static_cast<double>(std::chrono::nanoseconds(wall).count()), 1e9);
  EXPECT_EQ(clock.NanosecondsOf(now + std::chrono::nanoseconds(7)) - clock.NanosecondsOf(now), 7);
}

TEST(OtlpJson, NamesTheProcess) {
  const TraceSource source = ThisProcess("mill", "1.2.3");
  const auto text = EncodeSpans(source, {}, WallClock());
  EXPECT_THAT(text, HasSubstr(R"({"key":"service.name","value":{"stringValue":"mill"}})"));
  EXPECT_THAT(text, HasSubstr(R"({"key":"service.version","value":{"stringValue":"1.2.3"}})"));
  EXPECT_THAT(text, HasSubstr(R"({"key":"process.pid","value":{"intValue":")" +
                              std::to_string(getpid()) + "\"}}"));
  const auto& id = std::get<std::string>(source.attributes.at(2).second);
  EXPECT_THAT(id,
              MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_NE(id, std::get<std::string>(ThisProcess("mill", "1").attributes.at(2).second));
}

}  // namespace
}  // namespace headrace
