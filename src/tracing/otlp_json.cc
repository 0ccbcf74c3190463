#include "tracing/otlp_json.h"

#include <fmt/compile.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <iterator>

#include "base/job_id.h"
#include "base/json.h"

namespace headrace {
namespace {

constexpr std::int64_t kStep = 10'000'000;  // ns; a smaller difference is no step
constexpr unsigned kKnowsRemote = 0x100;    // of OTLP's SpanFlags
constexpr unsigned kRemote = 0x200;
constexpr int kStatusError = 2;

std::int64_t Measure() {
  using std::chrono::nanoseconds;
  const nanoseconds steady = SteadyClock::now().time_since_epoch();
  const nanoseconds wall = std::chrono::system_clock::now().time_since_epoch();
  return (wall - steady).count();
}

std::string RandomUuid() {
  std::string id = RandomHex(36);
  for (const std::size_t dash : {8U, 13U, 18U, 23U}) id[dash] = '-';
  id[14] = '4';  // version 4, variant 10: RFC 9562
  id[19] = "89ab"[static_cast<unsigned char>(id[19]) % 4];
  return id;
}

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

// What a text may hold to be written between quotes as it is.
constexpr auto kEscaped = [] {
  std::array<std::uint8_t, 256> escaped{};
  for (std::size_t c = 0; c < escaped.size(); ++c) {
    escaped[c] = c < ' ' || c > '~' || c == '"' || c == '\\' ? 1 : 0;
  }
  return escaped;
}();

bool IsPlain(std::string_view text) {
  unsigned escaped = 0;
  for (const char c : text) escaped |= kEscaped[static_cast<unsigned char>(c)];
  return escaped == 0;
}

// Appends to one text; nothing in it is made twice.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void Raw(std::string_view text) { out_ += text; }
  void Text(std::string_view text) {
    text = text.substr(0, Span::kMaxText);
    if (!IsPlain(text)) {
      out_ += Json::String(text).Text();
      return;
    }
    out_ += '"';
    out_ += text;
    out_ += '"';
  }
  template <class T>
  void Number(T number) {
    fmt::format_to(std::back_inserter(out_), FMT_COMPILE("{}"), number);
  }

  // An attribute's value, from the end of its key on.
  void operator()(const std::string& text) {
    Raw(R"(","value":{"stringValue":)");
    Text(text);
    Raw("}}");
  }
  void operator()(std::int64_t number) {
    Raw(R"(","value":{"intValue":")");
    Number(number);
    Raw(R"("}})");
  }
  void operator()(double number) {
    Raw(R"(","value":{"doubleValue":)");
    Number(number);
    Raw("}}");
  }

  // Keys are plain: they are ours.
  template <class Attributes>
  void List(const Attributes& attributes) {
    const char* before = R"([{"key":")";
    for (const auto& [name, value] : attributes) {
      Raw(before);
      Raw(name);
      std::visit(*this, value);
      before = R"(,{"key":")";
    }
    Raw(attributes.empty() ? "[]" : "]");
  }

 private:
  std::string& out_;
};

void WriteParent(const Span& span, Writer& writer) {
  if (!span.IsRoot()) {
    writer.Raw(R"(","parentSpanId":")");
    writer.Raw({span.parent_id.data(), span.parent_id.size()});
  }
  writer.Raw(R"(","flags":)");
  writer.Number(span.context.flags | kKnowsRemote | (span.remote_parent ? kRemote : 0U));
  if (span.trace_state.empty()) return;
  writer.Raw(R"(,"traceState":)");
  writer.Text(span.trace_state);
}

void WriteStatus(const Span& span, Writer& writer) {
  if (!span.failed) return;
  writer.Raw(R"(,"status":{"code":)");
  writer.Number(kStatusError);
  if (!span.failure.empty()) {
    writer.Raw(R"(,"message":)");
    writer.Text(span.failure);
  }
  writer.Raw("}");
}

void WriteSpan(const Span& span, const WallClock& clock, Writer& writer) {
  writer.Raw(R"({"traceId":")");
  writer.Raw(span.context.trace());
  writer.Raw(R"(","spanId":")");
  writer.Raw(span.context.span());
  WriteParent(span, writer);
  writer.Raw(R"(,"name":)");
  writer.Text(span.name);
  writer.Raw(R"(,"kind":)");
  writer.Number(static_cast<int>(span.kind));
  writer.Raw(R"(,"startTimeUnixNano":")");
  writer.Number(clock.NanosecondsOf(span.start));
  writer.Raw(R"(","endTimeUnixNano":")");
  writer.Number(clock.NanosecondsOf(span.end));
  writer.Raw(R"(","attributes":)");
  writer.List(span.attributes);
  WriteStatus(span, writer);
  writer.Raw("}");
}

}  // namespace

TraceSource ThisProcess(const std::string& service_name, const std::string& version) {
  TraceSource source;
  source.version = version;
  source.attributes = {{"service.name", service_name},
                       {"service.version", version},
                       {"service.instance.id", RandomUuid()},
                       {"host.name", HostName()},
                       {"process.pid", std::int64_t{getpid()}},
                       {"telemetry.sdk.name", std::string("headrace")},
                       {"telemetry.sdk.language", std::string("cpp")},
                       {"telemetry.sdk.version", version}};
  return source;
}

void WallClock::Adjust() {
  const std::int64_t offset = Measure();
  if (std::abs(offset - offset_) >= kStep) offset_ = offset;
}

std::string EncodeSpans(const TraceSource& source, std::span<const Span> spans,
                        const WallClock& clock) {
  constexpr std::size_t kUsual = 800;  // bytes of a span
  std::string out;
  out.reserve((spans.size() + 1) * kUsual);
  Writer writer(out);
  writer.Raw(R"({"resourceSpans":[{"resource":{"attributes":)");
  writer.List(source.attributes);
  writer.Raw(R"(},"scopeSpans":[{"scope":{"name":"headrace","version":)");
  writer.Text(source.version);
  writer.Raw(R"(},"spans":[)");
  const char* between = "";
  for (const Span& span : spans) {
    writer.Raw(between);
    WriteSpan(span, clock, writer);
    between = ",";
  }
  writer.Raw("]}]}]}");
  return out;
}

}  // namespace headrace
