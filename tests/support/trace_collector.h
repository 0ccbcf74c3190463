#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/sync.h"
#include "support/event.h"
#include "support/scripted_server.h"

namespace headrace::testing_support {

// A span as a collector got it.
struct SeenSpan {
  std::string name;
  std::string trace;
  std::string id;
  std::string parent;  // empty: a root
  std::string state;
  std::uint64_t kind = 0;
  std::uint64_t start = 0;  // ns
  std::uint64_t end = 0;
  std::uint64_t status = 0;
  std::string message;
  std::map<std::string, std::string> attributes;  // numbers as they are written

  [[nodiscard]] std::string At(const std::string& attribute) const {
    const auto at = attributes.find(attribute);
    return at == attributes.end() ? std::string() : at->second;
  }
};

// Reads the JSON of OTLP, as far as the service writes it. What is missing stays empty.
class SpanReader {
 public:
  static std::vector<SeenSpan> Read(const std::string& body) {
    std::vector<SeenSpan> spans;
    const auto json = ParseJson(body);
    if (!json) return spans;
    for (const JsonValue& resource : List(*json, "resourceSpans")) {
      for (const JsonValue& scope : List(resource, "scopeSpans")) {
        for (const JsonValue& span : List(scope, "spans")) spans.push_back(One(span));
      }
    }
    return spans;
  }

 private:
  static const JsonValue* Find(const JsonValue& value, std::string_view name) {
    const auto* const members = value.As<JsonValue::Object>();
    if (members == nullptr) return nullptr;
    for (const auto& member : *members) {
      if (member.name == name) return &member.value;
    }
    return nullptr;
  }
  static JsonValue::Array List(const JsonValue& value, std::string_view name) {
    const JsonValue* const found = Find(value, name);
    const auto* const items = found == nullptr ? nullptr : found->As<JsonValue::Array>();
    return items == nullptr ? JsonValue::Array() : *items;
  }
  static std::string Text(const JsonValue& value, std::string_view name) {
    const JsonValue* const found = Find(value, name);
    if (found == nullptr) return {};
    if (const auto* const text = found->As<std::string>()) return *text;
    if (const auto* const whole = found->As<std::uint64_t>()) return std::to_string(*whole);
    const auto* const number = found->As<double>();
    return number == nullptr ? std::string() : std::to_string(*number);
  }
  static std::uint64_t Number(const JsonValue& value, std::string_view name) {
    const std::string text = Text(value, name);
    return text.empty() ? 0 : std::stoull(text);
  }
  static SeenSpan One(const JsonValue& json) {
    SeenSpan span;
    span.name = Text(json, "name");
    span.trace = Text(json, "traceId");
    span.id = Text(json, "spanId");
    span.parent = Text(json, "parentSpanId");
    span.state = Text(json, "traceState");
    span.kind = Number(json, "kind");
    span.start = Number(json, "startTimeUnixNano");
    span.end = Number(json, "endTimeUnixNano");
    if (const JsonValue* const status = Find(json, "status")) {
      span.status = Number(*status, "code");
      span.message = Text(*status, "message");
    }
    for (const JsonValue& attribute : List(json, "attributes")) {
      const JsonValue* const value = Find(attribute, "value");
      if (value == nullptr) continue;
      for (const char* const type : {"stringValue", "intValue", "doubleValue"}) {
        const std::string text = Text(*value, type);
        if (!text.empty()) span.attributes[Text(attribute, "key")] = text;
      }
    }
    return span;
  }
};

// An OTLP/HTTP collector on a free port of this machine. Thread-safe.
class TraceCollector {
 public:
  // The next requests are answered with this status; what they bring is not taken.
  void Refuse(int status, int times) {
    const MutexLock lock(mu_);
    refusal_ = status;
    refusals_ = times;
  }
  [[nodiscard]] std::string Url() const { return server_.Url(""); }
  [[nodiscard]] int refused() const {
    const MutexLock lock(mu_);
    return refused_;
  }

  [[nodiscard]] std::vector<SeenSpan> Spans() const {
    const MutexLock lock(mu_);
    return spans_;
  }
  // Those of a name, once there are so many of them: in the order of their beginnings. Fewer after
  // 30 s.
  [[nodiscard]] std::vector<SeenSpan> Await(std::string_view name, std::size_t count = 1) const {
    std::vector<SeenSpan> found;
    [[maybe_unused]] const bool there = Eventually([&] {
      found = Spans();
      std::erase_if(found, [&](const SeenSpan& span) { return span.name != name; });
      return found.size() >= count;
    });
    std::sort(found.begin(), found.end(),
              [](const SeenSpan& a, const SeenSpan& b) { return a.start < b.start; });
    return found;
  }

 private:
  std::string Take(const ServedRequest& request) {
    const MutexLock lock(mu_);
    if (refusals_ > 0) {
      --refusals_;
      ++refused_;
      return AnswerText(refusal_);
    }
    for (SeenSpan& span : SpanReader::Read(request.body)) spans_.push_back(std::move(span));
    return AnswerText(200, "{}", "Content-Type: application/json\r\n");
  }

  mutable Mutex mu_;
  std::vector<SeenSpan> spans_ GUARDED_BY(mu_);
  int refusal_ GUARDED_BY(mu_) = 0;
  int refusals_ GUARDED_BY(mu_) = 0;
  int refused_ GUARDED_BY(mu_) = 0;
  // Last: its threads use all above.
  ScriptedServer server_{Answering([this](const ServedRequest& request) { return Take(request); })};
};

}  // namespace headrace::testing_support
